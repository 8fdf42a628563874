export declare const ROOT: string;

export declare function ensureDependencies(options: { root?: string; withDev?: boolean; name: string }): void;

interface Platform {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly musl: boolean;
  readonly oldCpu: boolean;
}

export declare function findBun(options?: { root?: string } & Partial<Platform>): string;

export declare function bunPackages(platform: Platform): string[];

export declare const SERVER_ENV: Readonly<Record<string, string>>;

export declare function runBun(
  args: string[],
  options?: { bun?: string; cwd?: string; env?: Readonly<Record<string, string>> },
): void;

export declare function fail(error: unknown, name?: string): never;
