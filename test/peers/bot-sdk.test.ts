/** matrix-bot-sdk, unmodified, against a real server: the bot that joins when invited, answers, keeps state and sends files. */
import { afterAll, beforeAll, expect, mock, test } from 'bun:test';
import { call, register, startServer, type TestServer } from '#test/server.ts';

// Its encryption is a native library that the package's install script would download from outside the registry. Nothing
// here encrypts: the module is only loaded because the package's index names it.
mock.module('@matrix-org/matrix-sdk-crypto-nodejs', () => ({
  StoreType: {},
  DeviceId: class {},
  OlmMachine: class {},
  UserId: class {},
  DeviceLists: class {},
  RoomId: class {},
  RequestType: {},
  EncryptionSettings: class {},
  EncryptionAlgorithm: {},
  HistoryVisibility: {},
  Attachment: class {},
  EncryptedAttachment: class {},
}));

let server: TestServer;
let stop: () => void;

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  stop?.();
  await server.stop();
});

async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = await look();
    if (found !== undefined) return found;
    await Bun.sleep(50);
  }
  throw new Error(`waited in vain for ${what}\n${server.log().slice(-2000)}`);
}

test('a bot joins on invite, replies, sets and reads state, and sends media', async () => {
  const {
    AutojoinRoomsMixin,
    LogLevel,
    LogService,
    MatrixClient,
    MemoryStorageProvider,
    RichReply,
    SimpleRetryJoinStrategy,
  } = await import('matrix-bot-sdk');
  LogService.setLevel(LogLevel.ERROR);
  const alice = await register(server, 'alice');
  const account = await register(server, 'bot');
  const bot = new MatrixClient(server.baseUrl, account.token, new MemoryStorageProvider());
  bot.setJoinStrategy(new SimpleRetryJoinStrategy());
  AutojoinRoomsMixin.setupOnClient(bot);
  bot.on('room.message', async (roomId: string, event: { sender: string; content: { body: string } }) => {
    if (event.sender === account.userId) return;
    await bot.sendMessage(
      roomId,
      RichReply.createFor(roomId, event, `you said ${event.content.body}`, `you said <b>${event.content.body}</b>`),
    );
  });
  await bot.start();
  stop = () => bot.stop();

  const made = await call(server, 'POST', '/_matrix/client/v3/createRoom', {
    token: alice.token,
    body: { invite: [account.userId], preset: 'trusted_private_chat' },
  });
  const roomId = made.room_id as string;
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  await until(async () => {
    const members = (await call(server, 'GET', `${room}/joined_members`, { token: alice.token })).joined as Record<
      string,
      unknown
    >;
    return account.userId in members ? members : undefined;
  }, 'the bot to join');

  await call(server, 'PUT', `${room}/send/m.room.message/1`, {
    token: alice.token,
    body: { msgtype: 'm.text', body: 'ping' },
  });
  const reply = await until(async () => {
    const { chunk } = (await call(server, 'GET', `${room}/messages?dir=b&limit=10`, { token: alice.token })) as {
      chunk: { sender: string; type: string; content: Record<string, unknown> }[];
    };
    return chunk.find((event) => event.sender === account.userId && event.type === 'm.room.message');
  }, 'the reply');
  expect(reply.content.formatted_body).toContain('you said <b>ping</b>');
  expect(reply.content['m.relates_to']).toHaveProperty(['m.in_reply_to']);

  const stateEvent = await bot.sendStateEvent(roomId, 'org.example.bot', 'key', { colour: 'green' });
  expect(stateEvent).toStartWith('$');
  expect(await bot.getRoomStateEvent(roomId, 'org.example.bot', 'key')).toEqual({ colour: 'green' });
  expect(await bot.getJoinedRooms()).toEqual([roomId]);
  expect(await bot.userHasPowerLevelFor(account.userId, roomId, 'm.room.message', false)).toBe(true);

  const file = Buffer.from('the file');
  const uri = await bot.uploadContent(file, 'text/plain', 'file.txt');
  // Its own download method still asks the endpoint from before authenticated media, where new files are not to be had.
  const path = `/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
  expect((await bot.doRequest('GET', path, null, null, 30_000, true)).body.toString()).toBe('the file');
  const mediaEvent = await bot.sendMessage(roomId, { msgtype: 'm.file', body: 'file.txt', url: uri });
  expect(await bot.getEvent(roomId, mediaEvent)).toMatchObject({ content: { url: uri } });
  await bot.redactEvent(roomId, mediaEvent, 'done');
  expect((await bot.getEvent(roomId, mediaEvent)).content).toEqual({});
}, 60_000);
