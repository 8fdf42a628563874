import { describe, expect, test } from 'bun:test';
import { type ThumbnailTarget, thumbnailTarget } from './thumbnail-size.ts';

const thumbnailSizes = [
  { width: 32, height: 32, method: 'crop' },
  { width: 96, height: 96, method: 'crop' },
  { width: 320, height: 240, method: 'scale' },
  { width: 640, height: 480, method: 'scale' },
  { width: 800, height: 600, method: 'scale' },
] as const;
const settings = { thumbnailSizes, dynamicThumbnails: false };

function choose(width: number, height: number, method: 'crop' | 'scale', over: Partial<typeof settings> = {}) {
  const wanted: ThumbnailTarget = { width, height, method, animated: false };
  const target = thumbnailTarget(wanted, { ...settings, ...over });
  return `${target.width}x${target.height} ${target.method}`;
}

describe('the thumbnail for a request', () => {
  test('is the smallest configured size that is no smaller', () => {
    expect(choose(32, 32, 'scale')).toBe('320x240 scale');
    expect(choose(320, 240, 'scale')).toBe('320x240 scale');
    expect(choose(321, 240, 'scale')).toBe('640x480 scale');
    expect(choose(33, 33, 'crop')).toBe('96x96 crop');
    expect(choose(1, 1, 'crop')).toBe('32x32 crop');
  });

  test('is a configured size doubled where the request is larger than all', () => {
    expect(choose(801, 10, 'scale')).toBe('1280x960 scale');
    expect(choose(128, 128, 'crop')).toBe('128x128 crop');
    expect(choose(200, 200, 'crop')).toBe('256x256 crop');
  });

  test('is bounded, whatever is asked for', () => {
    const [width = 0, height = 0] = choose(1e9, 1e9, 'scale').split(/[x ]/).map(Number);
    expect(Math.max(width, height)).toBeLessThan(10_000);
  });

  test('has the shape asked for where a crop of that shape is configured', () => {
    const shaped = [...thumbnailSizes, { width: 200, height: 100, method: 'crop' as const }];
    expect(choose(20, 10, 'crop', { thumbnailSizes: shaped as never })).toBe('200x100 crop');
    expect(choose(20, 20, 'crop', { thumbnailSizes: shaped as never })).toBe('32x32 crop');
  });

  test('uses the other method where none of that method is configured', () => {
    const scaled = [{ width: 100, height: 100, method: 'scale' as const }];
    expect(choose(20, 20, 'crop', { thumbnailSizes: scaled as never })).toBe('100x100 scale');
    expect(choose(20, 20, 'crop', { thumbnailSizes: [] as never })).toBe('20x20 crop');
  });

  test('is exactly what is asked for when thumbnails are dynamic', () => {
    expect(choose(37, 41, 'crop', { dynamicThumbnails: true })).toBe('37x41 crop');
  });
});
