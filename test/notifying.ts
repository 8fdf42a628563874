/** The slices around notifications, wired as `app/compose.ts` would, for the tests of each of them. */
import type { Route } from '#api/endpoint.ts';
import { accountDataFeature } from '#features/account-data/index.ts';
import { type NotificationsFeature, notificationsFeature } from '#features/notifications/index.ts';
import { type PushRulesFeature, pushRulesFeature } from '#features/push-rules/index.ts';
import { type Receipts, receiptsFeature } from '#features/receipts/index.ts';
import { CacheBudget } from '#platform/cache/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { profilesAndDirectory } from '../migrations/0005-profiles-and-directory.ts';
import { notifications as migration } from '../migrations/0008-notifications.ts';
import type { TestEngine } from './storage.ts';
import { createWorld, SERVER_NAME, type World } from './world.ts';

export interface Notifying {
  readonly world: World;
  readonly routes: readonly Route[];
  readonly pushRules: PushRulesFeature['pushRules'];
  readonly notifications: NotificationsFeature;
  readonly receipts: Receipts;
  /** Who ignores whom: ignored users by who ignores them. */
  readonly ignored: Map<UserId, Set<UserId>>;
  /** Users of appservices. */
  readonly appserviceUsers: Set<UserId>;
  /** Who has shown to be there. */
  readonly active: UserId[];
  /** The same slices as they are after a restart, to be asked only. */
  restarted(): Pick<Notifying, 'notifications' | 'receipts' | 'pushRules'>;
}

export async function notifyingWorld(engine: TestEngine): Promise<Notifying> {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory, migration] });
  const ignored: Notifying['ignored'] = new Map();
  const appserviceUsers: Notifying['appserviceUsers'] = new Set();
  const active: UserId[] = [];
  const wire = () => {
    const { storage, streams, rooms, clock } = world;
    const features = { legacyMentions: true, polls: true, encryptedEvents: false, threadSubscriptions: false };
    const rules = pushRulesFeature({ reader: storage.reader, streams, serverName: SERVER_NAME, features });
    const notifications = notificationsFeature({
      storage,
      clock,
      rooms,
      serverName: SERVER_NAME,
      caches: new CacheBudget(10_000_000),
      sources: {
        pushRules: rules.pushRules,
        isAppserviceUser: (userId) => appserviceUsers.has(userId),
        ignorersOf: (sender, members) =>
          new Set([...members].filter((member) => ignored.get(member)?.has(sender) === true)),
      },
    });
    const receipts = receiptsFeature({
      reader: storage.reader,
      clock,
      rooms,
      marks: notifications.marks,
      threads: notifications.threads,
      accountData: accountDataFeature({ reader: storage.reader, streams }).accountData,
      onActivity: (userId) => active.push(userId),
    });
    return { rules, notifications, receipts };
  };
  const { rules, notifications, receipts } = wire();
  world.hooks.push(rules.hook, notifications.hook);
  return {
    world,
    routes: [...rules.routes, ...notifications.routes, ...receipts.routes],
    pushRules: rules.pushRules,
    notifications,
    receipts: receipts.receipts,
    ignored,
    appserviceUsers,
    active,
    restarted() {
      const again = wire();
      return {
        notifications: again.notifications,
        receipts: again.receipts.receipts,
        pushRules: again.rules.pushRules,
      };
    },
  };
}
