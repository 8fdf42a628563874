/** What device ids and display names may be, and making new ids. */
import type { Random } from '#platform/random/index.ts';
import { invalidParam, MatrixError } from '#protocol/errors.ts';
import type { DeviceId } from '#protocol/identifiers/index.ts';

const MAX_DEVICE_ID_LENGTH = 512;
const MAX_DEVICE_NAME_LENGTH = 100;
const DEVICE_ID_LENGTH = 10;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Throws `M_INVALID_PARAM` for more than 512 characters. */
export function checkDeviceId(deviceId: DeviceId): void {
  if (deviceId.length > MAX_DEVICE_ID_LENGTH) {
    throw invalidParam(`A device id may have at most ${MAX_DEVICE_ID_LENGTH} characters`);
  }
}

/** Throws `M_TOO_LARGE` for more than 100 characters, with status 400, as clients know it. */
export function checkDeviceName(displayName: string | undefined): void {
  if (displayName !== undefined && displayName.length > MAX_DEVICE_NAME_LENGTH) {
    const message = `A device's display name may have at most ${MAX_DEVICE_NAME_LENGTH} characters`;
    throw new MatrixError('M_TOO_LARGE', message, { status: 400 });
  }
}

/** Ten letters. */
export function createDeviceId(random: Random): DeviceId {
  const pick = () => LETTERS[Math.floor(random.number() * LETTERS.length)] ?? 'A';
  return Array.from({ length: DEVICE_ID_LENGTH }, pick).join('') as DeviceId;
}
