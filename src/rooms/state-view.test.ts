import { expect, test } from 'bun:test';
import type { RoomId } from '#protocol/identifiers/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { createWorld, type World } from '#test/world.ts';

const MEMBERS = 40;

async function largeRoom(world: World): Promise<RoomId> {
  const alice = world.user('alice');
  const roomId = await world.room(alice, { joinRule: 'public', name: 'large' });
  for (let n = 0; n < MEMBERS; n++) await world.join(roomId, world.user(`user${n}`));
  await world.state(roomId, alice, 'org.example.thing', {}, 'one');
  await world.state(roomId, alice, 'org.example.thing', {}, 'two');
  return roomId;
}

async function namesIn(world: World, roomId: RoomId) {
  const view = (await world.rooms.current.of(roomId))!;
  const names = (events: readonly { readonly type: string; readonly stateKey: string | undefined }[]) =>
    events.map(({ type, stateKey }) => `${type} ${stateKey}`).toSorted();
  return {
    all: names(await view.all()),
    members: names(await view.all('m.room.member')),
    things: names(await view.all('org.example.thing')),
    lazy: names(await view.lazyLoaded(['@user3:example.org', '@user3:example.org', '@nobody:example.org'])),
  };
}

function expectRight({ all, members, things, lazy }: Awaited<ReturnType<typeof namesIn>>): void {
  const isMember = (name: string) => name.startsWith('m.room.member ');
  expect(members).toHaveLength(MEMBERS + 1);
  expect(members).toEqual(all.filter(isMember));
  expect(things).toEqual(['org.example.thing one', 'org.example.thing two']);
  expect(all).toContain('m.room.create ');
  expect(lazy).toEqual(all.filter((name) => !isMember(name) || name === 'm.room.member @user3:example.org'));
}

forEachEngine('the state of a room with many members', (engine) => {
  test('is read as a whole, by type, and without the members', async () => {
    const world = await createWorld(engine);
    expectRight(await namesIn(world, await largeRoom(world)));
  });

  test('is read rightly too where an early version has numbered the entries', async () => {
    const world = await createWorld(engine);
    await world.storage.transactor.commit((batch) => {
      const sql = 'insert into state_keys (state_key_nid, type, state_key) values (?, ?, ?)';
      batch.add({ sql, parameters: [1, 'm.room.create', ''] });
      batch.add({ sql, parameters: [32, 'm.room.member', '@user3:example.org'] });
      batch.add({ sql, parameters: [64, 'm.room.member', '@user4:example.org'] });
      batch.add({ sql, parameters: [33, 'org.example.thing', 'two'] });
    });
    for (let n = 0; n < 70; n++) world.storage.sequences.next('state_key');
    expectRight(await namesIn(world, await largeRoom(world)));
  });
});
