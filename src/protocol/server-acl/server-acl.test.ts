import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ServerName } from '../identifiers/index.ts';
import { compileServerAcl, isServerAllowed } from './index.ts';

const allows = (content: unknown, name: string): boolean =>
  isServerAllowed(compileServerAcl(content), name as ServerName);

describe('a server ACL', () => {
  test('that does not exist allows everybody', () => {
    expect(isServerAllowed(undefined, '1.2.3.4' as ServerName)).toBe(true);
  });

  test('without a list of allowed servers allows nobody', () => {
    for (const content of [{}, { allow: '*' }, { allow: [] }, { allow: [1, null, ['*']] }, null, 'x']) {
      expect(allows(content, 'example.org')).toBe(false);
    }
  });

  test('denies before it allows', () => {
    const acl = { allow: ['*'], deny: ['evil.com', '*.evil.com'] };
    expect(allows(acl, 'good.com')).toBe(true);
    expect(allows(acl, 'evil.com')).toBe(false);
    expect(allows(acl, 'a.b.evil.com')).toBe(false);
    expect(allows(acl, 'notevil.com')).toBe(true);
    expect(allows({ allow: ['good.com'] }, 'other.com')).toBe(false);
  });

  test('does not look at ports', () => {
    const acl = { allow: ['*'], deny: ['evil.com'] };
    for (const name of ['evil.com', 'evil.com:8448', 'evil.com:1234']) expect(allows(acl, name)).toBe(false);
    expect(allows({ allow: ['*'], deny: ['evil.com:8448'] }, 'evil.com:8448')).toBe(true);
  });

  test('does not look at case', () => {
    expect(allows({ allow: ['*'], deny: ['EVIL.com'] }, 'evil.COM')).toBe(false);
    expect(allows({ allow: ['Good.*'] }, 'gOOD.org')).toBe(true);
  });

  test('denies IP literals only if told so', () => {
    const literals = ['1.2.3.4', '1.2.3.4:8448', '[::1]', '[2001:db8::1]:8448'];
    for (const name of literals) {
      expect(allows({ allow: ['*'], allow_ip_literals: false }, name)).toBe(false);
      expect(allows({ allow: ['*'] }, name)).toBe(true);
      expect(allows({ allow: ['*'], allow_ip_literals: 'false' }, name)).toBe(true);
    }
    expect(allows({ allow: ['*'], allow_ip_literals: false }, '1.2.3.4.example.org')).toBe(true);
  });

  test('matches IP literals by pattern', () => {
    expect(allows({ allow: ['*'], deny: ['10.*'] }, '10.1.2.3')).toBe(false);
    expect(allows({ allow: ['*'], deny: ['[2001:db8:*'] }, '[2001:DB8::1]:8448')).toBe(false);
  });

  test('ignores entries that are not strings', () => {
    expect(allows({ allow: ['*', 3], deny: [null, 'evil.com', {}] }, 'evil.com')).toBe(false);
    expect(allows({ allow: ['*', 3], deny: [null, 'evil.com', {}] }, 'good.com')).toBe(true);
  });

  test('takes nothing but * and ? as wildcards', () => {
    expect(allows({ allow: ['a.c'] }, 'abc')).toBe(false);
    expect(allows({ allow: ['(a|b)'] }, 'a')).toBe(false);
    expect(allows({ allow: ['a?c'] }, 'abc')).toBe(true);
    expect(allows({ allow: ['a?c'] }, 'ac')).toBe(false);
  });

  test('decides as a plain reading of the rules does', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'B', '.', '*', '?'), maxLength: 6 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'A'), minLength: 1, maxLength: 7 });
    const matches = (glob: string, text: string): boolean =>
      new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i').test(text);
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 4 }),
        fc.array(pattern, { maxLength: 4 }),
        name,
        (allow, deny, text) => {
          const expected = !deny.some((glob) => matches(glob, text)) && allow.some((glob) => matches(glob, text));
          expect(allows({ allow, deny }, text)).toBe(expected);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
