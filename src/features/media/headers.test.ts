import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseRange } from './byte-range.ts';
import { contentDisposition } from './content-disposition.ts';
import { isInline, OCTET_STREAM, servedType, uploadedType } from './content-type.ts';

describe('Content-Type', () => {
  test('parameters and case do not count for what is shown in place', () => {
    for (const type of ['image/png', 'Text/Plain; charset=utf-8', 'TEXT/PLAIN ;x=y']) expect(isInline(type)).toBe(true);
    for (const type of ['image/svg+xml', 'text/html', 'application/pdf', 'image/png2', ''])
      expect(isInline(type)).toBe(false);
  });

  test('text without a charset is UTF-8', () => {
    expect(servedType('text/plain')).toBe('text/plain; charset=UTF-8');
    expect(servedType('text/css; charset=UTF-16')).toBe('text/css; charset=UTF-16');
    expect(servedType('image/png')).toBe('image/png');
  });

  test('what is a content type is kept as it is', () => {
    for (const type of [
      'img/png',
      'Text/Plain; charset=utf-8',
      'a/b;c="d;\\"e"',
      'application/vnd.x+json;',
      'a/b;;c=d',
    ]) {
      expect(uploadedType(type)).toBe(type);
    }
    for (const type of [null, '', 'x', 'a/b c', 'a/b; c', 'a/b\r\nX: y', 'é/x'])
      expect(uploadedType(type)).toBe(OCTET_STREAM);
  });

  test('a hostile header takes no time', () => {
    const started = performance.now();
    for (const filler of [';', '; ', ' ', ' ;  ', ';a=', ';a="\\"'])
      uploadedType(`a/b${filler.repeat(120).slice(0, 248)}\u0001`);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('Content-Disposition', () => {
  test('is one line of ASCII that gives back the name, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        fc.pre(name.isWellFormed());
        const header = contentDisposition('attachment', name);
        expect(header).toMatch(/^[\x20-\x7e]+$/);
        const [, token, quoted, extended] =
          /^attachment; (?:filename=([^"; ]+)|filename="([^"\\]*)"|filename\*=utf-8''([A-Za-z0-9!#$&+.^_`|~%-]+))$/.exec(
            header,
          ) ?? [];
        expect(token ?? quoted ?? decodeURIComponent(extended ?? '')).toBe(name);
      }),
    );
  });

  test('has no name where there is none', () => {
    expect(contentDisposition('inline', undefined)).toBe('inline');
    expect(contentDisposition('inline', '')).toBe('inline');
  });
});

describe('Range', () => {
  test('lies within the content or is refused', () => {
    const cases = [
      ['bytes=0-0', { start: 0, end: 1 }],
      ['bytes=5-', { start: 5, end: 10 }],
      ['bytes=-4', { start: 6, end: 10 }],
      ['bytes=-40', { start: 0, end: 10 }],
      ['bytes=9-9999', { start: 9, end: 10 }],
      ['bytes=10-', 'unsatisfiable'],
      ['bytes=-0', 'unsatisfiable'],
      ['bytes=4-2', 'whole'],
      ['bytes=0-1,3-4', 'whole'],
      ['bytes=-', 'whole'],
      ['lines=1-2', 'whole'],
      [null, 'whole'],
    ] as const;
    for (const [header, expected] of cases) expect(parseRange(header, 10)).toEqual(expected);
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
  });
});
