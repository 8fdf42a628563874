import type { ExperimentalConfig, RoomsConfig, SessionsConfig } from '#platform/config/index.ts';

/** The versions of the specification whose client-server API is served, oldest first. */
export const VERSIONS: readonly string[] = [
  'r0.0.1',
  'r0.1.0',
  'r0.2.0',
  'r0.3.0',
  'r0.4.0',
  'r0.5.0',
  'r0.6.0',
  'r0.6.1',
  ...Array.from({ length: 19 }, (_, index) => `v1.${index + 1}`),
];

export interface UnstableFeaturesConfig {
  readonly rooms: Pick<RoomsConfig, 'encryptionEnabledByDefault'>;
  readonly sessions: Pick<SessionsConfig, 'loginViaExistingSession'>;
  readonly experimental: ExperimentalConfig;
}

/** Clients ask for these by name although they are part of the versions above. */
const ALWAYS = [
  'org.matrix.label_based_filtering',
  'org.matrix.e2e_cross_signing',
  'org.matrix.msc2432',
  'uk.half-shot.msc2666.query_mutual_rooms',
  'uk.half-shot.msc2666.query_mutual_rooms.stable',
  'org.matrix.msc2285.stable',
  'org.matrix.msc3030.stable',
  'org.matrix.msc3440.stable',
  'org.matrix.msc3771',
  'org.matrix.msc3773',
  'org.matrix.msc3827.stable',
  'org.matrix.msc3856',
  'org.matrix.msc3916.stable',
  'org.matrix.msc3981',
  'org.matrix.msc4069',
  'org.matrix.msc4151.stable',
  'org.matrix.msc4222',
  'org.matrix.msc4380.stable',
  'org.matrix.msc4445.initial_sync_timeline_topological_ordering',
  'uk.tcpip.msc4133.stable',
  'uk.timedout.msc4323',
];

/** What `experimental_features` turns on, by the flag's name in the file. */
const BY_FLAG: Readonly<Record<string, readonly string[]>> = {
  msc3026_enabled: ['org.matrix.msc3026.busy_presence'],
  msc3391_enabled: ['org.matrix.msc3391'],
  msc3874_enabled: ['org.matrix.msc3874'],
  msc4169_enabled: ['com.beeper.msc4169'],
};

/** https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions */
export function unstableFeatures({ rooms, sessions, experimental }: UnstableFeaturesConfig): Record<string, boolean> {
  const { encryptionEnabledByDefault } = rooms;
  const forced = (presets: readonly string[]) => presets.includes(encryptionEnabledByDefault);
  const features: Record<string, boolean> = Object.fromEntries(ALWAYS.map((name) => [name, true]));
  for (const [flag, names] of Object.entries(BY_FLAG)) {
    for (const name of names) features[name] = experimental[flag] === true;
  }
  return {
    ...features,
    // Clients that find it true use nothing else: it is said once sliding sync is there.
    'org.matrix.simplified_msc3575': false,
    'org.matrix.msc3882': sessions.loginViaExistingSession.enabled,
    'org.matrix.msc4140': false,
    'io.element.e2ee_forced.public': forced(['all']),
    'io.element.e2ee_forced.private': forced(['all', 'invite']),
    'io.element.e2ee_forced.trusted_private': forced(['all', 'invite']),
  };
}
