import { describe, expect, test } from 'bun:test';
import {
  fitsBytes,
  isHistoricalUserId,
  localpartOf,
  parseEventId,
  parseEventIdOfFormat,
  parseNewUserLocalpart,
  parseRoomAlias,
  parseRoomId,
  parseServerName,
  parseUserId,
  type ServerName,
  serverNameOf,
  splitServerName,
  type UserId,
  userId,
} from './index.ts';

const LONE_SURROGATE = '\ud800';
const HASH = 'Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg';

describe('server names', () => {
  const addresses: [string, { host: string; port?: number; isIpLiteral: boolean }][] = [
    ['matrix.org', { host: 'matrix.org', isIpLiteral: false }],
    ['matrix.org:8888', { host: 'matrix.org', port: 8888, isIpLiteral: false }],
    ['1.2.3.4', { host: '1.2.3.4', isIpLiteral: true }],
    ['1.2.3.4:1234', { host: '1.2.3.4', port: 1234, isIpLiteral: true }],
    ['[1234:5678::abcd]', { host: '1234:5678::abcd', isIpLiteral: true }],
    ['[1234:5678::abcd]:5678', { host: '1234:5678::abcd', port: 5678, isIpLiteral: true }],
    ['[::]', { host: '::', isIpLiteral: true }],
    ['[::ffff:1.2.3.4]', { host: '::ffff:1.2.3.4', isIpLiteral: true }],
    ['[1:2:3:4:5:6:7:8]', { host: '1:2:3:4:5:6:7:8', isIpLiteral: true }],
    ['1.2.3.256', { host: '1.2.3.256', isIpLiteral: false }],
    ['localhost:0', { host: 'localhost', port: 0, isIpLiteral: false }],
    ['HS1', { host: 'HS1', isIpLiteral: false }],
  ];
  test.each(addresses)('%p is one', (text, address) => {
    const name = parseServerName(text);
    expect<string | undefined>(name).toBe(text);
    expect(splitServerName(name as ServerName)).toEqual(address);
  });

  test.each([
    '',
    ':8448',
    'a b',
    'a_b',
    'ex\u00e4mple.org',
    'matrix.org:',
    'matrix.org:123456',
    'matrix.org:80a',
    'a:80:80',
    'user@host',
    'host/path',
    '[::1',
    '::1',
    '[]',
    '[1::2::3]',
    '[:1::2]',
    '[12345::]',
    '[g::]',
    '[1:2:3:4:5:6:7]',
    '[1:2:3:4:5:6:7:8:9]',
    '[1.2.3.4::]',
    '[1:2:3:4::5:6:7:8]',
    '[::1.2.3]',
    '[fe80::1%eth0]',
    'a\0b',
    'matrix.org\n',
    'x'.repeat(256),
  ])('%p is none', (text) => {
    expect(parseServerName(text)).toBeUndefined();
  });
});

describe('user ids', () => {
  test.each(['@alice:example.org', '@a:1.2.3.4:80', '@x:[::1]:8448', '@a.b_c=d-e/f+g:h'])(
    '%p is one of today',
    (text) => {
      const id = parseUserId(text);
      expect<string | undefined>(id).toBe(text);
      expect(isHistoricalUserId(id as UserId)).toBe(false);
    },
  );

  test.each([
    '@:example.org',
    '@Alice:example.org',
    '@al ice:h',
    '@\u65e5\u672c:h',
    '@\u{1f600}:h',
    '@a\u0001b:h',
    '@a!b#c@d:h',
  ])('%p is a historical one', (text) => {
    const id = parseUserId(text);
    expect<string | undefined>(id).toBe(text);
    expect(isHistoricalUserId(id as UserId)).toBe(true);
  });

  test.each([
    '',
    '@',
    '@alice',
    'alice:example.org',
    '!alice:example.org',
    '@alice:',
    '@alice:ex ample',
    '@a\0b:h',
    `@a${LONE_SURROGATE}b:h`,
    '@a:h\0',
  ])('%p is none', (text) => {
    expect(parseUserId(text)).toBeUndefined();
  });

  test('the length limit counts bytes', () => {
    expect(parseUserId(`@${'a'.repeat(252)}:h`)).toBeDefined();
    expect(parseUserId(`@${'a'.repeat(253)}:h`)).toBeUndefined();
    expect(parseUserId(`@${'\u00e9'.repeat(126)}:h`)).toBeDefined();
    expect(parseUserId(`@${'\u00e9'.repeat(127)}:h`)).toBeUndefined();
  });

  test('are taken apart at the first colon', () => {
    const id = parseUserId('@alice:[::1]:8448') as UserId;
    expect(localpartOf(id)).toBe('alice');
    expect<string>(serverNameOf(id)).toBe('[::1]:8448');
    expect(userId('alice', serverNameOf(id))).toBe(id);
  });

  test('a new localpart keeps to the grammar of today', () => {
    expect(parseNewUserLocalpart('alice.b_c=d-e/f+0')).toBe('alice.b_c=d-e/f+0');
    for (const refused of ['', 'Alice', 'al ice', '\u00e9', 'a:b', 'a\0', 'alice\n', 'a@b', LONE_SURROGATE]) {
      expect(parseNewUserLocalpart(refused)).toBeUndefined();
    }
  });
});

describe('room ids, aliases and event ids', () => {
  test('a room id has a domain, or is a hash', () => {
    const withDomain = parseRoomId('!abc:example.org');
    const hashed = parseRoomId(`!${HASH}`);
    expect(withDomain && serverNameOf(withDomain)).toBe('example.org' as ServerName);
    expect(hashed && serverNameOf(hashed)).toBeUndefined();
    expect(hashed && localpartOf(hashed)).toBe(HASH);
  });

  test.each([
    '!abc',
    '!',
    `!${HASH}x`,
    `!${HASH.slice(1)}`,
    `!${HASH.replace('-', '+')}`,
    '#abc:h',
    '!a\0b:h',
    '!a:h:b',
  ])('%p is no room id', (text) => {
    expect(parseRoomId(text)).toBeUndefined();
  });

  test('an alias is a localpart of any script and a domain', () => {
    expect(parseRoomAlias('#\u65e5\u672c:example.org')).toBeDefined();
    for (const text of ['#abc', '@abc:h', '#a\0:h', `#${LONE_SURROGATE}:h`, '#abc:', `#${'a'.repeat(253)}:h`]) {
      expect(parseRoomAlias(text)).toBeUndefined();
    }
  });

  test('an event id is known by its sigil, and by the format of its room version', () => {
    const pairs = {
      opaque: '$abc:example.org',
      base64: `$${HASH.replaceAll(/[-_]/g, '+')}`,
      base64url: `$${HASH}`,
    } as const;
    for (const format of ['opaque', 'base64', 'base64url'] as const) {
      for (const [of, text] of Object.entries(pairs)) {
        expect(parseEventId(text)).toBeDefined();
        expect(parseEventIdOfFormat(text, format) !== undefined).toBe(of === format);
      }
    }
    for (const text of ['', '$', 'abc', '!abc:h', '$a\0b', `$${LONE_SURROGATE}`, `$${'a'.repeat(255)}`]) {
      expect(parseEventId(text)).toBeUndefined();
    }
  });

  test('byte limits count UTF-8', () => {
    expect(fitsBytes('\u{1f600}', 4)).toBe(true);
    expect(fitsBytes('\u{1f600}', 3)).toBe(false);
  });
});
