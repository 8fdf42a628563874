/** Content that is there to be served, whichever server it came from. */
export interface MediaContent {
  /** `local`: of this server. `remote`: cached from another. */
  readonly area: MediaArea;
  readonly fileId: string;
  /** The content type as uploaded. */
  readonly type: string;
  readonly sizeBytes: number;
  readonly uploadName: string | undefined;
  /** Hexadecimal. */
  readonly sha256: string;
}

export type MediaArea = 'local' | 'remote';
