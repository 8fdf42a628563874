import { expect, test } from 'bun:test';
import { RouteTable } from './index.ts';

const table = (...paths: string[]) => new RouteTable(paths.map((path) => ({ method: 'GET', path, entry: path })));
const entryOf = (routes: RouteTable<string>, path: string): string => {
  const found = routes.find('GET', path);
  return typeof found === 'string' ? found : found.entry;
};

test('a fixed segment is preferred to a parameter, whichever was added first', () => {
  for (const paths of [
    ['/a/{x}/c', '/a/b/{y}', '/a/b/c'],
    ['/a/b/c', '/a/b/{y}', '/a/{x}/c'],
  ]) {
    const routes = table(...paths);
    expect(entryOf(routes, '/a/b/c')).toBe('/a/b/c');
    expect(entryOf(routes, '/a/b/z')).toBe('/a/b/{y}');
    expect(entryOf(routes, '/a/z/c')).toBe('/a/{x}/c');
    expect(entryOf(routes, '/a/z/z')).toBe('unknown-path');
  }
});

test('parameters are given as they were sent', () => {
  expect(table('/r/{room}/e/{event}').find('GET', '/r/!a%2Fb/e/%24x')).toEqual({
    entry: '/r/{room}/e/{event}',
    rawParams: { room: '!a%2Fb', event: '%24x' },
  });
});

test('a trailing slash is another path', () => {
  const routes = table('/a/{x}', '/b/');
  expect(entryOf(routes, '/a/1/')).toBe('unknown-path');
  expect(entryOf(routes, '/b')).toBe('unknown-path');
  expect(entryOf(routes, '/b/')).toBe('/b/');
});

test('an optional last parameter may be empty', () => {
  const routes = table('/s/{type}/{key?}');
  for (const path of ['/s/t/', '/s/t/k']) expect(entryOf(routes, path)).toBe('/s/{type}/{key?}');
  for (const path of ['/s/', '/s/t', '/s/t/k/']) expect(entryOf(routes, path)).toBe('unknown-path');
});

test('a wildcard takes what nothing else does', () => {
  const routes = table('/static/*', '/static/login');
  expect(entryOf(routes, '/static/login')).toBe('/static/login');
  expect(entryOf(routes, '/static/a/b')).toBe('/static/*');
});

test('a path of another method is known', () => {
  const routes = new RouteTable([{ method: 'PUT', path: '/a/{b}', entry: 1 }]);
  expect(routes.find('GET', '/a/x')).toBe('wrong-method');
  expect(routes.find('GET', '/a/')).toBe('unknown-path');
});

test('paths that only differ in the names of parameters are one path', () => {
  expect(() => table('/a/{b}', '/a/{c}')).toThrow('two routes for GET /a/{c}');
});
