import { expect, test } from 'bun:test';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { composedServer, type LoggedIn } from '../contracts/composed-server.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate */
forEachEngine('erased users', (engine) => {
  test('whoever comes later sees what a redaction would leave of their events; whoever was there sees them whole', async () => {
    await using server = await composedServer(await engine.newDatabase());
    const ask = async (by: LoggedIn, method: string, path: string, body?: JsonObject) => {
      const sent = body === undefined ? { token: by.token } : { token: by.token, body };
      const answer = await server.send(method, `/_matrix/client/v3${path}`, sent);
      expect([path, answer.status]).toEqual([path, 200]);
      return answer.json;
    };
    const [alice, bob, carol] = [await server.user('alice'), await server.user('bob'), await server.user('carol')];
    const made = await ask(bob, 'POST', '/createRoom', { preset: 'public_chat' });
    const room = `/rooms/${encodeURIComponent(made.room_id as string)}`;
    await ask(alice, 'POST', `${room}/join`, {});
    const secret = { msgtype: 'm.text', body: 'the secret of alice' };
    const sent = await ask(alice, 'PUT', `${room}/send/m.room.message/1`, secret);
    await ask(alice, 'PUT', `${room}/send/m.room.message/2`, {
      msgtype: 'm.text',
      body: '* another secret',
      'm.new_content': { msgtype: 'm.text', body: 'another secret' },
      'm.relates_to': { rel_type: 'm.replace', event_id: sent.event_id as string },
    });
    await ask(bob, 'PUT', `${room}/send/m.room.message/1`, { msgtype: 'm.text', body: 'in clear' });
    const { accounts, streams } = { ...server.parts, streams: server.parts.rooms.streams };
    await streams.commit((batch) => {
      for (const statement of accounts.users.deactivate(alice.userId, true)) batch.add(statement);
    });
    await ask(carol, 'POST', `${room}/join`, {});
    const eventPath = `${room}/event/${encodeURIComponent(sent.event_id as string)}`;
    for (const path of [
      `${room}/messages?dir=b&limit=50`,
      eventPath,
      '/sync',
      eventPath.replace('/event/', '/context/'),
    ]) {
      const [seenByCarol, seenByBob] = [await ask(carol, 'GET', path), await ask(bob, 'GET', path)];
      expect(JSON.stringify(seenByCarol)).not.toContain('secret');
      expect(JSON.stringify(seenByBob)).toContain('another secret');
    }
    expect((await ask(carol, 'GET', eventPath)).content).toEqual({});
    expect(JSON.stringify(await ask(carol, 'GET', `${room}/messages?dir=b&limit=50`))).toContain('in clear');
    expect(server.errors).toEqual([]);
  });
});
