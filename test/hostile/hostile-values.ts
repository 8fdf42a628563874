/** What no client that means well sends: as path segments, query values and JSON. */

const LONG = 'x'.repeat(70_000);
const LONG_SEGMENT = 'x'.repeat(3_000);

/** Percent-encoded path segments that are not valid text: must be refused. */
export const BROKEN_SEGMENTS: readonly string[] = ['%00', 'a%00b', '%', '%zz', '%ff%fe', '%ed%a0%80', '%c0%ae'];

/** Path segments that are text, but seldom what is asked for. */
export const ODD_SEGMENTS: readonly string[] = [
  LONG_SEGMENT,
  encodeURIComponent(`@${'a'.repeat(300)}:example.org`),
  encodeURIComponent(`!${'a'.repeat(300)}:example.org`),
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f',
  '..%5c..%5c',
  '%2f',
  '%252e%252e',
  '%40',
  '%21',
  '%24',
  '%23',
  '%40:',
  '%21a:',
  '%20',
  '%0d%0aX-Evil:%201',
  "'%20or%20''='",
  '%25',
  '_',
  '*',
  '-1',
  '9007199254740993',
  '99999999999999999999999999',
  '1e400',
  'NaN',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
  '%F0%9F%92%A9',
  '%e2%80%ae',
  '%40nobody:example.org',
  '%40bob:elsewhere.org:70000',
  '%21nowhere:example.org',
  '%24nothing:example.org',
  '%24nothing',
  '%23nowhere:example.org',
];

/** Percent-encoded values for a query parameter of text. */
export const ODD_QUERY_TEXTS: readonly string[] = [
  '',
  '%00',
  '%',
  '%ed%a0%80',
  '%ff',
  'x'.repeat(8_000),
  '-1',
  '0',
  '9007199254740993',
  '99999999999999999999999999',
  's-1_0_0',
  's99999999999999999999_1',
  't1-99999999999999999999_',
  '..%2f..%2f',
  '__proto__',
  '%7b',
  '%7b%22a%22:1%7d',
  '%5b%5d',
  'null',
  "'",
  '@',
  '%25_%25',
];

/** What is no whole number in a query. */
export const NO_INTEGERS: readonly string[] = [
  '',
  'abc',
  '1.5',
  '1e3',
  'NaN',
  'Infinity',
  '0x10',
  '%00',
  'null',
  '--1',
];
export const ODD_INTEGERS: readonly string[] = [
  '0',
  '-0',
  '-1',
  '2147483648',
  '9007199254740991',
  '9007199254740993',
  '9999999999999999',
  '-9999999999999999',
  '99999999999999999999999999',
];
export const NO_BOOLEANS: readonly string[] = ['', '1', 'yes', 'TRUE', 'null', '%00'];

/** JSON values of every type: those that do not fit a schema are sent against it. */
export const ONE_OF_EACH: readonly unknown[] = [null, true, 7, 1.5, 'text', [], [null], {}, { a: 1 }];

export const ODD_STRINGS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'a\udfffb',
  LONG,
  '__proto__',
  'constructor',
  '../../../etc/passwd',
  '%00',
  '\u202e\uffff',
  '💩'.repeat(100),
  '@:',
  '@nobody:example.org',
  '!nowhere:example.org',
  '$nothing',
  '9007199254740993',
  '-1',
  "' OR ''='",
  '(((((',
  'javascript:alert(1)',
  'http://[::1',
];

/** Number tokens; text, because some of them do not survive being parsed. */
export const ODD_NUMBERS: readonly string[] = [
  '-1',
  '0',
  '-0',
  '1.0',
  '2147483648',
  '9007199254740991',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775808',
  '1e300',
  '-1e300',
  '1e400',
];

const nested = (open: string, close: string): string => open.repeat(2_000) + close.repeat(2_000);

/** 20 MB of JSON: more than any limit. */
export const HUGE = new TextEncoder().encode(`{"a":"${'x'.repeat(20_000_000)}"}`);

/** Whole bodies that nothing accepts, whatever the contract. */
export const NO_BODIES: readonly { readonly name: string; readonly body: string | Uint8Array }[] = [
  { name: 'no JSON', body: 'not json' },
  { name: 'half of an object', body: '{' },
  { name: 'a key without value', body: '{"a":}' },
  { name: 'a trailing comma', body: '{"a":1,}' },
  { name: 'two values', body: '{}{}' },
  { name: 'NaN', body: '{"a":NaN}' },
  { name: 'a byte order mark', body: '\ufeff{}' },
  { name: 'invalid UTF-8', body: new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) },
  { name: 'a surrogate in UTF-8', body: new Uint8Array([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]) },
  { name: '2,000 objects deep', body: nested('{"a":', '}').replace(':}', ':{}}') },
  { name: '2,000 lists deep', body: `{"a":${nested('[', ']')}}` },
];

/** Whole bodies that are JSON, but no objects. */
export const NO_OBJECTS: readonly string[] = ['[]', '[{}]', 'null', '"text"', '1', 'true', '[null]'];
