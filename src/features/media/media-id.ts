import type { Random } from '#platform/random/index.ts';

/** Media ids of other implementations are shorter; this is only a bound. */
const GRAMMAR = /^[A-Za-z0-9_-]{1,255}$/;
/** 142 bits: not to be guessed. */
const LENGTH = 24;

/**
 * Whether `text` can be a media id. Whatever else stands in its place (dots, slashes, NUL, percent signs) names no media and
 * never reaches a file name. https://spec.matrix.org/v1.19/client-server-api/#content-repo-security-considerations
 */
export const isMediaId = (text: string): boolean => GRAMMAR.test(text);

export const newMediaId = (random: Random): string => random.text(LENGTH);

/** https://spec.matrix.org/v1.19/client-server-api/#matrix-content-mxc-uris */
export const mxcUri = (serverName: string, mediaId: string): string => `mxc://${serverName}/${mediaId}`;
