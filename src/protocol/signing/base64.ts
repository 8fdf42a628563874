const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Unpadded base64. https://spec.matrix.org/v1.19/appendices/#unpadded-base64 */
export function encodeBase64(bytes: Uint8Array): string {
  return trimPadding(asBuffer(bytes).toString('base64'));
}

/** Unpadded base64 in the URL-safe alphabet. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64url');
}

/** Decodes base64 of either alphabet, with or without padding; `undefined` for text that is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!BASE64.test(text) || trimPadding(text).length % 4 === 1) return undefined;
  return Buffer.from(text, 'base64');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function trimPadding(text: string): string {
  let end = text.length;
  while (text[end - 1] === '=') end -= 1;
  return text.slice(0, end);
}
