export declare function findProgram(options: { root: string; bun: string; name: string }): Promise<string>;
