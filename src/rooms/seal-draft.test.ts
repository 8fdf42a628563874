import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { encodeCanonicalJson } from '#protocol/canonical-json/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { buildPdu, checkPduFormat, MAX_PDU_BYTES, type Pdu, sealEvent } from '#protocol/events/index.ts';
import type { EventId, KeyId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { ROOM_VERSIONS, type RoomVersionRules } from '#protocol/room-versions/index.ts';
import { signingKeyFromSeed } from '#protocol/signing/index.ts';
import { decodeRest } from './pdu-rest.ts';
import { sealDraft } from './seal-draft.ts';

const signer = {
  serverName: 'example.org' as ServerName,
  key: signingKeyFromSeed('ed25519:1' as KeyId, 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1'),
};
const types = [
  'm.room.message',
  'm.room.create',
  'm.room.member',
  'm.room.power_levels',
  'm.room.aliases',
  'm.room.join_rules',
  'm.room.redaction',
  'org.ünusual "type"',
];

function layOut(rules: RoomVersionRules, about: { type: string; stateKey: string | undefined; content: object }): Pdu {
  const { type, stateKey } = about;
  const id = rules.eventIdFormat === 'opaque' ? '$prev:example.org' : `$${'A'.repeat(43)}`;
  const reference = { eventId: id as EventId, sha256: 'hash' };
  return buildPdu(
    {
      ...about,
      content: about.content as never,
      roomId: (rules.roomIdIsCreateHash ? `!${'A'.repeat(43)}` : '!room:example.org') as RoomId,
      sender: '@alice:example.org' as UserId,
      originServerTs: 1_700_000_000_000,
      depth: 7,
      prevEvents: [reference],
      authEvents: [reference, reference],
      ...(type === 'm.room.redaction' && stateKey === undefined && { redacts: id as EventId }),
    },
    { rules, eventId: '$own:example.org' as EventId },
  ) as Pdu;
}

describe('sealing a draft', () => {
  for (const rules of Object.values(ROOM_VERSIONS)) {
    test(`gives what the protocol's own sealing gives, in room version ${rules.version}`, () => {
      const content = fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom('membership', 'users', 'creator', 'join_rule', 'aliases', 'redacts')),
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string())),
      );
      fc.assert(
        fc.property(
          fc.constantFrom(...types),
          fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
          content,
          (type, stateKey, body) => {
            if (stateKey?.includes('\0')) return;
            const event = layOut(rules, { type, stateKey, content: body });
            const expected = sealEvent(event, signer.serverName, signer.key, rules);
            const sealed = sealDraft(event, signer, rules);
            expect(sealed.eventId).toBe(expected.eventId);
            expect(sealed.contentText).toBe(encodeCanonicalJson(event.content));
            const { hashes, signatures, prev_events, auth_events } = expected.pdu;
            const redacts = event.redacts === undefined ? {} : { redacts: event.redacts };
            expect(decodeRest(sealed.rest.text, signer.serverName)).toEqual({
              hashes,
              signatures,
              prev_events,
              auth_events,
              ...redacts,
            } as never);
          },
        ),
        { numRuns: 100 },
      );
    });
  }

  test('the largest event that is accepted is the largest that other servers accept', () => {
    const rules = ROOM_VERSIONS['11'];
    const event = (length: number) =>
      layOut(rules, { type: 'm.x', stateKey: undefined, content: { body: 'ä'.repeat(length) } });
    let length = 0;
    for (let step = 2 ** 15; step > 0; step = Math.floor(step / 2)) {
      const { pdu } = sealEvent(event(length + step), signer.serverName, signer.key, rules);
      if (Buffer.byteLength(encodeCanonicalJson(pdu)) <= MAX_PDU_BYTES) length += step;
    }
    expect(() => sealDraft(event(length), signer, rules)).not.toThrow();
    expect(checkPduFormat(sealEvent(event(length), signer.serverName, signer.key, rules).pdu, rules).ok).toBe(true);
    expect(() => sealDraft(event(length + 1), signer, rules)).toThrow(MatrixError);
  });

  test('keys that are too long or cannot be stored, and numbers that the version does not know, are refused', () => {
    const rules = ROOM_VERSIONS['6'];
    const errcode = (about: Partial<Parameters<typeof layOut>[1]>, of: RoomVersionRules = rules) => {
      try {
        sealDraft(layOut(of, { type: 'm.x', stateKey: undefined, content: {}, ...about }), signer, of);
        return 'none';
      } catch (error) {
        return (error as MatrixError).errcode;
      }
    };
    expect(errcode({ type: 'x'.repeat(256) })).toBe('M_TOO_LARGE');
    expect(errcode({ stateKey: 'ä'.repeat(128) })).toBe('M_TOO_LARGE');
    expect(errcode({ type: 'a\0' })).toBe('M_BAD_JSON');
    expect(errcode({ stateKey: '\ud800' })).toBe('M_BAD_JSON');
    expect(errcode({ content: { a: 1.5 } })).toBe('M_BAD_JSON');
    expect(errcode({ content: { a: 1.5 } }, ROOM_VERSIONS['5'])).toBe('none');
    expect(errcode({ content: { a: '\udc00' } })).toBe('M_BAD_JSON');
  });
});
