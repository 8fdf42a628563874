import { expect, test } from 'bun:test';
import { createRoom, createRoomLegacy } from '#api/client/create-room.ts';
import type { Requester } from '#api/requester.ts';
import { MatrixError } from '#protocol/errors.ts';
import { parseRoomId, type RoomId, type UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { ROOM_VERSIONS } from '#protocol/room-versions/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { type CreateRoomConfig, type CreateRoomDeps, createRoomFeature } from './index.ts';

interface Options {
  readonly checkContent?: CreateRoomDeps['checkContent'];
  readonly config?: Partial<CreateRoomConfig>;
  readonly directory?: Partial<CreateRoomDeps['directory']>;
  readonly membership?: Partial<CreateRoomDeps['membership']>;
}

async function setup(engine: TestEngine, { config, directory, membership, checkContent }: Options = {}) {
  const world = await createWorld(engine);
  const listed: string[] = [];
  const aliases: string[] = [];
  const feature = createRoomFeature({
    engine: world.rooms.engine,
    repeated: world.rooms.repeated,
    clock: world.clock,
    serverName: world.serverName,
    checkContent: checkContent ?? (() => undefined),
    directory: {
      checkNewAlias: async (alias) => {
        if (aliases.includes(alias)) throw new MatrixError('M_ROOM_IN_USE', 'taken');
      },
      checkCanonicalAlias: async (content, alias) => {
        if (content.alias !== alias) throw new MatrixError('M_BAD_ALIAS', 'not of this room');
      },
      addAlias: (_batch, alias) => void aliases.push(alias),
      mayPublish: () => true,
      publish: (_batch, roomId) => void listed.push(roomId),
      ...directory,
    },
    membership: {
      contentOf: async (kind, userId, sent = {}) => ({ ...sent, membership: kind, displayname: userId.slice(1, 4) }),
      requireInvitesAllowed: () => undefined,
      limitInvites: async () => undefined,
      requireInvitable: async () => undefined,
      ...membership,
    },
    config: {
      defaultRoomVersion: '12',
      encryptionEnabledByDefault: 'off',
      defaultPowerLevelContentOverride: {},
      ...config,
    },
  });
  const create = async (body: JsonObject, as: Requester = world.user('alice')): Promise<RoomId> =>
    (await world.call(feature.routes, createRoom, { as, body })).room_id;
  const content = async (roomId: RoomId, type: string, key = '') =>
    (await (await world.rooms.current.of(roomId))!.get(type, key))?.content;
  const timeline = async (roomId: RoomId) => {
    const { nid } = (await world.rooms.directory.find(roomId))!;
    return world.rooms.timeline.newest(nid, 0, world.streams.current(), 100);
  };
  return { world, routes: feature.routes, create, content, timeline, listed, aliases };
}

const alice = '@alice:example.org' as UserId;
const bob = '@bob:example.org' as UserId;

forEachEngine('creating rooms', (engine) => {
  test('the events come in the order of the specification', async () => {
    const { create, timeline } = await setup(engine);
    const roomId = await create({
      visibility: 'public',
      room_alias_name: 'pub',
      name: 'Name',
      topic: 'Topic',
      invite: [bob],
      initial_state: [
        { type: 'org.custom', state_key: 'k', content: { a: 1 } },
        { type: 'm.room.topic', content: { topic: 'overridden' } },
        { type: 'm.room.history_visibility', content: { history_visibility: 'joined' } },
      ],
    });
    expect((await timeline(roomId)).map(({ type, stateKey }) => `${type} ${stateKey}`)).toEqual([
      'm.room.create ',
      `m.room.member ${alice}`,
      'm.room.power_levels ',
      'm.room.canonical_alias ',
      'm.room.join_rules ',
      'm.room.guest_access ',
      'org.custom k',
      'm.room.topic ',
      'm.room.history_visibility ',
      'm.room.name ',
      'm.room.topic ',
      `m.room.member ${bob}`,
    ]);
  });

  test('the presets differ in who may join, see and invite', async () => {
    const { create, content } = await setup(engine);
    const states = async (body: JsonObject) => {
      const roomId = await create(body);
      return [
        (await content(roomId, 'm.room.join_rules'))?.join_rule,
        (await content(roomId, 'm.room.history_visibility'))?.history_visibility,
        (await content(roomId, 'm.room.guest_access'))?.guest_access,
        (await content(roomId, 'm.room.power_levels'))?.invite,
      ];
    };
    expect(await states({})).toEqual(['invite', 'shared', 'can_join', 0]);
    expect(await states({ preset: 'trusted_private_chat' })).toEqual(['invite', 'shared', 'can_join', 0]);
    expect(await states({ visibility: 'public' })).toEqual(['public', 'shared', 'forbidden', 50]);
    expect(await states({ preset: 'public_chat' })).toEqual(['public', 'shared', 'forbidden', 50]);
    expect(await refusal(create({ preset: 'other' }))).toBe('400 M_BAD_JSON');
  });

  for (const version of Object.keys(ROOM_VERSIONS)) {
    test(`a room of version ${version} can be made and says so`, async () => {
      const { create, content } = await setup(engine);
      const roomId = await create({
        room_version: version,
        name: 'x',
        creation_content: { test: 'azerty', room_version: 'test', creator: '@eve:example.org', 'm.federate': false },
      });
      const made = await content(roomId, 'm.room.create');
      expect(made).toEqual({
        test: 'azerty',
        'm.federate': false,
        room_version: version,
        ...(Number(version) < 11 && { creator: alice }),
      });
      expect(parseRoomId(roomId)).toBeDefined();
      expect(roomId.includes(':')).toBe(version !== '12');
    });
  }

  test('the default version is the configured one, and an unknown one is refused', async () => {
    const { create, content } = await setup(engine, { config: { defaultRoomVersion: '10' } });
    expect((await content(await create({}), 'm.room.create'))?.room_version).toBe('10');
    expect(await refusal(create({ room_version: 'none' }))).toBe('400 M_UNSUPPORTED_ROOM_VERSION');
    expect(await refusal(create({ room_version: 1 }))).toBe('400 M_BAD_JSON');
  });

  test('power levels: the request over the configuration over the preset', async () => {
    const { create, content } = await setup(engine, {
      config: { defaultPowerLevelContentOverride: { private_chat: { kick: 60, ban: 60 } } },
    });
    const levels = await content(
      await create({
        room_version: '11',
        power_level_content_override: { ban: 70, users: { [alice]: 100, [bob]: 50 } },
      }),
      'm.room.power_levels',
    );
    expect(levels).toMatchObject({ ban: 70, kick: 60, redact: 50, users: { [alice]: 100, [bob]: 50 } });
    expect((levels!.events as JsonObject)['m.room.tombstone']).toBe(100);
    // A creator must not lock themselves out.
    const without = { room_version: '11', power_level_content_override: { users: { [bob]: 100 } } };
    expect(await refusal(create(without))).toBe('400 M_BAD_JSON');
  });

  test('from version 12 creators are in nobody’s list, and replacing the room is theirs', async () => {
    const { create, content } = await setup(engine);
    const levels = await content(await create({ room_version: '12' }), 'm.room.power_levels');
    expect(levels?.users).toEqual({});
    expect((levels!.events as JsonObject)['m.room.tombstone']).toBe(150);
    const tombstoneWith = async (more: JsonObject) => {
      const roomId = await create({ room_version: '12', power_level_content_override: more });
      return ((await content(roomId, 'm.room.power_levels'))!.events as JsonObject)['m.room.tombstone'];
    };
    expect(await tombstoneWith({ events: { 'm.room.name': 10 } })).toBe(150);
    expect(await tombstoneWith({ state_default: 200 })).toBe(201);
    expect(await tombstoneWith({ events: { 'm.room.tombstone': 60 } })).toBe(60);
    const override = (users: JsonObject) => create({ room_version: '12', power_level_content_override: { users } });
    expect((await content(await override({ [bob]: 100 }), 'm.room.power_levels'))?.users).toEqual({ [bob]: 100 });
    expect(await refusal(override({ [alice]: 100 }))).toBe('400 M_INVALID_ROOM_STATE');
  });

  test('those invited to a trusted private chat are as powerful as its creator', async () => {
    const { create, content } = await setup(engine);
    const carol = '@carol:example.org';
    const body = { preset: 'trusted_private_chat', invite: [bob] };
    const creators = async (more: JsonObject) =>
      (await content(await create({ ...body, room_version: '12', ...more }), 'm.room.create'))?.additional_creators;
    expect(await creators({})).toEqual([bob]);
    expect(await creators({ creation_content: { additional_creators: [carol, bob] } })).toEqual([carol, bob]);
    const old = await create({ ...body, room_version: '11' });
    expect((await content(old, 'm.room.power_levels'))?.users).toEqual({ [alice]: 100, [bob]: 100 });
    expect(await content(old, 'm.room.create')).toEqual({ room_version: '11' });
  });

  test('additional creators must be user ids', async () => {
    const { create } = await setup(engine);
    const made = (additional: unknown) =>
      refusal(create({ room_version: '12', creation_content: { additional_creators: additional as never } }));
    expect(await made('x')).toBe('400 M_BAD_JSON');
    expect(await made(['@foo:example.com', 42])).toBe('400 M_BAD_JSON');
    expect(await made(['@foo:example.com', 'foo'])).toBe('400 M_BAD_JSON');
    expect(await made(['@invalid:dom$ain$.com'])).toBe('400 M_BAD_JSON');
    expect(await made(['@foo:example.com', '@bar:baz.code'])).toBe('no refusal');
  });

  test('a topic is also written as rich text, one of the initial state is left as it is', async () => {
    const { create, content } = await setup(engine);
    expect(await content(await create({ topic: 'T' }), 'm.room.topic')).toEqual({
      topic: 'T',
      'm.topic': { 'm.text': [{ body: 'T' }] },
    });
    const initial = [{ type: 'm.room.topic', state_key: '', content: { topic: 'T' } }];
    expect(await content(await create({ initial_state: initial }), 'm.room.topic')).toEqual({ topic: 'T' });
  });

  test('invites say whether the chat is direct; nobody who refuses them is invited; the shadow-banned invite nobody', async () => {
    const { world, create, content } = await setup(engine, {
      membership: {
        requireInvitable: async (target) => {
          if (target === '@carol:example.org') throw new MatrixError('M_INVITE_BLOCKED', 'no');
        },
      },
    });
    const roomId = await create({ invite: [bob, bob], is_direct: true });
    expect(await content(roomId, 'm.room.member', bob)).toEqual({
      membership: 'invite',
      is_direct: true,
      displayname: 'bob',
    });
    expect(await refusal(create({ invite: ['@carol:example.org'] }))).toBe('403 M_INVITE_BLOCKED');
    const shadowed = await create({ invite: [bob] }, world.user('alice', { isShadowBanned: true }));
    expect(await content(shadowed, 'm.room.member', bob)).toBeUndefined();
    const invite = (userId: string) => ({
      initial_state: [{ type: 'm.room.member', state_key: userId, content: { membership: 'invite' } }],
    });
    expect(await content(await create(invite(bob)), 'm.room.member', bob)).toEqual({ membership: 'invite' });
    expect(await refusal(create(invite('@carol:example.org')))).toBe('403 M_INVITE_BLOCKED');
    const hidden = await create(invite(bob), world.user('alice', { isShadowBanned: true }));
    expect(await content(hidden, 'm.room.member', bob)).toBeUndefined();
    const byAddress = { id_server: 'x', id_access_token: 'x', medium: 'email', address: 'x' };
    expect(await refusal(create({ invite_3pid: [byAddress] }))).toBe('403 M_FORBIDDEN');
  });

  test('an alias is the canonical one, is taken once, and must be a local part', async () => {
    const { create, content } = await setup(engine);
    const roomId = await create({ room_alias_name: 'pub' });
    expect(await content(roomId, 'm.room.canonical_alias')).toEqual({ alias: '#pub:example.org' });
    expect(await refusal(create({ room_alias_name: 'pub' }))).toBe('400 M_ROOM_IN_USE');
    for (const bad of ['#pub:example.org', 'a b', 'a\tb', 'x'.repeat(300)]) {
      expect(await refusal(create({ room_alias_name: bad }))).toBe('400 M_INVALID_PARAM');
    }
  });

  test('a room starts with nothing that could not be sent later: aliases of others, malformed events', async () => {
    const { create, content } = await setup(engine, {
      checkContent: ({ type, content: { name } }) => {
        if (type === 'm.room.name' && typeof name !== 'string') throw new MatrixError('M_BAD_JSON', 'no name');
      },
    });
    const state = (type: string, body: JsonObject) => ({ initial_state: [{ type, content: body }] });
    const alias = state('m.room.canonical_alias', { alias: '#pub:example.org' });
    expect(await refusal(create(alias))).toBe('400 M_BAD_ALIAS');
    const roomId = await create({ ...alias, room_alias_name: 'pub' });
    expect(await content(roomId, 'm.room.canonical_alias')).toEqual({ alias: '#pub:example.org' });
    expect(await refusal(create(state('m.room.name', { name: 7 })))).toBe('400 M_BAD_JSON');
  });

  test('a public room is listed if its creator may list rooms', async () => {
    const allowed = await setup(engine);
    const roomId = await allowed.create({ visibility: 'public' });
    await allowed.create({ preset: 'public_chat' });
    expect(allowed.listed).toEqual([roomId]);
    const denied = await setup(engine, { directory: { mayPublish: () => false } });
    await denied.create({ visibility: 'public' });
    expect(denied.listed).toEqual([]);
  });

  test('rooms are encrypted where the configuration says so, unless the request says how', async () => {
    const { create, content } = await setup(engine, { config: { encryptionEnabledByDefault: 'invite' } });
    const algorithm = async (body: JsonObject) => (await content(await create(body), 'm.room.encryption'))?.algorithm;
    expect(await algorithm({})).toBe('m.megolm.v1.aes-sha2');
    expect(await algorithm({ preset: 'public_chat' })).toBeUndefined();
    const own = [{ type: 'm.room.encryption', content: { algorithm: 'own' } }];
    expect(await algorithm({ initial_state: own })).toBe('own');
  });

  test('a state that its creator may not make is refused, and leaves no room', async () => {
    const { world, create } = await setup(engine);
    const body = {
      room_version: '11',
      name: 'x',
      power_level_content_override: { users: { [alice]: 0 } },
    };
    expect(await refusal(create(body))).toBe('400 M_INVALID_ROOM_STATE');
    expect((await world.rooms.joined.of(alice)).size).toBe(0);
    const floats = { as: world.user('alice'), body: {}, request: { bodyText: '{"initial_state":[1.0]}' } };
    const { routes } = await setup(engine);
    expect(await refusal(world.call(routes, createRoom, floats))).toBe('400 M_BAD_JSON');
  });

  test('rooms that one user makes at the same moment are different rooms', async () => {
    const { create } = await setup(engine);
    const made = await Promise.all(Array.from({ length: 5 }, () => create({ room_version: '12' })));
    expect(new Set(made).size).toBe(5);
    expect(made).not.toContain(await create({ room_version: '12' }));
  });

  test('a request repeated with its transaction id makes one room', async () => {
    const { world, routes } = await setup(engine);
    const create = async (as: Requester, txnId: string) =>
      (await world.call(routes, createRoomLegacy, { as, params: { txnId }, body: {} })).room_id;
    const user = world.user('alice');
    const [first, second] = await Promise.all([create(user, '1'), create(user, '1')]);
    expect(second).toBe(first);
    expect(await create(user, '2')).not.toBe(first);
    expect(await create(world.user('bob'), '1')).not.toBe(first);
    expect(await refusal(world.call(routes, createRoom, { body: {} }))).toBe('401 M_MISSING_TOKEN');
  });
});
