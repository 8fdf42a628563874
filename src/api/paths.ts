/** Paths of client-server endpoints with the older prefixes that clients, bots and bridges still use. */

interface Paths {
  readonly path: string;
  readonly aliases: readonly string[];
}

interface PathOptions {
  /** Also served under `/api/v1`: what existed before r0 (login, rooms, events, directory, presence, profile, push, voip). */
  readonly apiV1?: boolean;
  /** Whole further paths, such as the unstable path of the proposal it came from. */
  readonly also?: readonly string[];
}

/** `/_matrix/client/v3{suffix}`, with `r0` and `unstable`. Spread it into `endpoint({...})`. */
export function v3(suffix: string, options: PathOptions = {}): Paths {
  return {
    path: `/_matrix/client/v3${suffix}`,
    aliases: [
      `/_matrix/client/r0${suffix}`,
      `/_matrix/client/unstable${suffix}`,
      ...(options.apiV1 ? [`/_matrix/client/api/v1${suffix}`] : []),
      ...(options.also ?? []),
    ],
  };
}

/** `/_matrix/client/v1{suffix}`, with what else it is known by. */
export function v1(suffix: string, options: Pick<PathOptions, 'also'> = {}): Paths {
  return { path: `/_matrix/client/v1${suffix}`, aliases: options.also ?? [] };
}
