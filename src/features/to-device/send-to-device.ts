import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { BatchConflict } from '#platform/storage/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import { badJson, invalidParam, MatrixError } from '#protocol/errors.ts';
import { type DeviceId, parseUserId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { Inbox, Recipient } from './inbox.ts';
import type { KnownDevices, RemoteInboxes } from './ports.ts';
import { SendingOrder } from './sending-order.ts';
import type { ToDeviceStore, Transaction } from './to-device-store.ts';

/** Content by user id, then by device id or `*`. */
export type ToDeviceMessages = Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
type MessagesOfUser = Readonly<Record<string, JsonObject>>;

/** As large as an event may be. */
const CONTENT_MAX_BYTES = 65_536;
const ALL_DEVICES = '*';
const MESSAGE_ID_LENGTH = 24;

export interface SendToDeviceDeps {
  readonly serverName: ServerName;
  readonly streams: Pick<Streams, 'commit'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'text'>;
  readonly store: ToDeviceStore;
  readonly inbox: Inbox;
  readonly devices: KnownDevices;
  readonly remote: RemoteInboxes | undefined;
  readonly mayRequestKeys: ((sender: UserId) => boolean) | undefined;
}

/** https://spec.matrix.org/v1.19/client-server-api/#send-to-device-messaging */
export class SendToDevice {
  readonly #order = new SendingOrder();

  constructor(private readonly deps: SendToDeviceDeps) {}

  /**
   * Delivers once for each transaction, however often it is sent, and what one device sends in the order of the calls. Devices
   * that are not known are passed over.
   */
  async send(transaction: Transaction, messages: ToDeviceMessages): Promise<void> {
    const { streams, store, inbox, clock } = this.deps;
    const { userId: sender, eventType: type } = transaction;
    const [local, remote] = this.#split(this.#admitted(transaction, parse(messages)));
    const sendingDevice = `${sender}\0${transaction.deviceId ?? ''}`;
    const recipients = await this.#order.after(sendingDevice, this.#recipients(local));
    try {
      await streams.commit((batch) => {
        batch.add(store.begin(transaction, clock.now()));
        inbox.deliver(batch, sender, type, recipients);
        this.#queue(batch, sender, type, remote);
      });
    } catch (error) {
      // It has been sent before, or is being sent by an earlier try.
      if (!(error instanceof BatchConflict)) throw error;
    }
  }

  /** Messages of another server's user for users of this one, as part of a batch. */
  async receive(sender: UserId, type: string, messages: ToDeviceMessages): Promise<(batch: StreamBatch) => void> {
    const [local] = this.#split(parse(messages));
    const recipients = await this.#recipients(local);
    return (batch) => this.deps.inbox.deliver(batch, sender, type, recipients);
  }

  /** Floods of requests for keys to others are dropped silently: a refusal would make clients try again. */
  #admitted({ userId, eventType }: Transaction, messages: Map<UserId, MessagesOfUser>): Map<UserId, MessagesOfUser> {
    const { mayRequestKeys } = this.deps;
    if (eventType !== 'm.room_key_request' || mayRequestKeys === undefined) return messages;
    return new Map([...messages].filter(([other]) => other === userId || mayRequestKeys(userId)));
  }

  #split(messages: ReadonlyMap<UserId, MessagesOfUser>) {
    const entries = [...messages];
    const isLocal = ([userId]: readonly [UserId, unknown]) => serverNameOf(userId) === this.deps.serverName;
    return [new Map(entries.filter(isLocal)), new Map(entries.filter((entry) => !isLocal(entry)))] as const;
  }

  async #recipients(messages: ReadonlyMap<UserId, MessagesOfUser>): Promise<Recipient[]> {
    if (messages.size === 0) return [];
    const devices = await this.deps.devices.devicesOf([...messages.keys()]);
    const recipients: Recipient[] = [];
    for (const [userId, byDevice] of messages) {
      for (const deviceId of devices.get(userId)?.keys() ?? []) {
        const content = contentFor(byDevice, deviceId);
        if (content !== undefined) recipients.push({ userId, deviceId, content });
      }
    }
    return recipients;
  }

  #queue(batch: StreamBatch, sender: UserId, type: string, messages: ReadonlyMap<UserId, MessagesOfUser>): void {
    const { remote, random } = this.deps;
    if (remote === undefined) return;
    const servers = new Map<ServerName, Record<string, MessagesOfUser>>();
    for (const [userId, byDevice] of messages) {
      const server = serverNameOf(userId);
      servers.set(server, { ...servers.get(server), [userId]: byDevice });
    }
    for (const [server, ofServer] of servers) {
      remote.queue(batch, server, { sender, type, message_id: random.text(MESSAGE_ID_LENGTH), messages: ofServer });
    }
  }
}

/** What is for this very device goes before what is for all. */
function contentFor(byDevice: MessagesOfUser, deviceId: DeviceId): JsonObject | undefined {
  if (Object.hasOwn(byDevice, deviceId)) return byDevice[deviceId];
  return Object.hasOwn(byDevice, ALL_DEVICES) ? byDevice[ALL_DEVICES] : undefined;
}

function parse(messages: ToDeviceMessages): Map<UserId, MessagesOfUser> {
  const parsed = new Map<UserId, MessagesOfUser>();
  for (const [text, byDevice] of Object.entries(messages)) {
    const userId = parseUserId(text);
    if (userId === undefined) throw invalidParam(`'${text}' is not a user id`);
    // The schema of a record passes over names with a line break.
    if (!isJsonObject(byDevice)) throw badJson('Messages must be objects by device id');
    for (const content of Object.values(byDevice)) checkContent(content);
    parsed.set(userId, byDevice);
  }
  return parsed;
}

function checkContent(content: unknown): void {
  if (!isJsonObject(content)) throw badJson("A message's content must be an object");
  if (Buffer.byteLength(JSON.stringify(content)) > CONTENT_MAX_BYTES) {
    throw new MatrixError('M_TOO_LARGE', `A message's content must not exceed ${CONTENT_MAX_BYTES} bytes`);
  }
}
