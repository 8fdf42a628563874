/**
 * Bad input to every contract: it gets a Matrix error and never a 500, what is refused stores nothing, and the server logs no
 * error of its own. The requests are made from the contracts' schemas, so a new endpoint is covered from its first day.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import type { Endpoint } from '#api/endpoint.ts';
import { forEachEngine } from '#test/storage.ts';
import { allContracts } from '../../tools/generate/contracts.ts';
import { type Answer, type ComposedServer, composedServer } from '../contracts/composed-server.ts';
import { complaintOf } from './complaints.ts';
import { type HostileRequest, hostileRequests } from './hostile-requests.ts';
import { rowCounts } from './row-counts.ts';
import { type Scene, setScene, tokenFor } from './scene.ts';

setDefaultTimeout(120_000);

const contracts = (await allContracts()).map(({ endpoint }) => endpoint);

/** They end the session that calls them when they succeed. */
const ENDS_SESSIONS = new Set(['logout', 'logout_all', 'deleteDevice', 'deleteDevices', 'deactivateAccount']);
/** What browsers show. */
const PAGES = new Set(['getAuthFallback', 'submitAuthFallback']);
/** A long poll is left after this time. */
const PATIENCE_MS = 100;

forEachEngine('bad input', (engine) => {
  let server: ComposedServer;
  let scene: Scene;
  let served: ReadonlySet<string>;
  beforeAll(async () => {
    server = await composedServer(await engine.newDatabase());
    served = new Set(server.parts.routes.map(({ endpoint }) => endpoint.operationId));
    scene = await setScene(server);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  for (const contract of contracts) {
    test(`${contract.operationId}: ${contract.method} ${contract.path}`, async () => {
      const rowsBefore = await rowCounts(server.storage.reader);
      const complaints: string[] = [];
      let accepted = 0;
      for (const request of hostileRequests(contract, scene.known)) {
        // What the contract itself refuses gets to no database, hence is sent once.
        if (engine.dialect === 'postgres' && request.mustRefuse) continue;
        const [written, logged] = [server.writes.length, server.errors.length];
        const answer = await ask(contract, request);
        const mustRefuse = request.mustRefuse && served.has(contract.operationId) && contract.auth !== 'appservice';
        // A poll that was let in and given up by its client after a while: nobody reads its answer.
        if (answer.status === 499 && 'timeout' in contract.query.properties && !mustRefuse) {
          accepted += 1;
          continue;
        }
        const complaint = complaintOf(answer, {
          mustRefuse,
          isPage: PAGES.has(contract.operationId),
          writes: server.writes.slice(written),
        });
        if (complaint !== undefined) complaints.push(`${request.name}: ${complaint}`);
        for (const line of server.errors.slice(logged)) complaints.push(`${request.name}: logged ${shortened(line)}`);
        if (answer.status < 400 || answer.status === 401) accepted += 1;
        if (answer.status < 400 && ENDS_SESSIONS.has(contract.operationId)) scene = await setScene(server);
      }
      expect(complaints).toEqual([]);
      if (accepted === 0) expect(await rowCounts(server.storage.reader)).toEqual(rowsBefore);
      else if (contract.method !== 'GET') scene = await setScene(server);
    });
  }

  function ask(contract: Endpoint, { target, body }: HostileRequest): Promise<Answer> {
    const isBytes = body instanceof Uint8Array;
    return server.send(contract.method, target, {
      token: tokenFor(contract, scene),
      body,
      ...(isBytes ? { headers: { 'content-length': String(body.length) } } : {}),
      ...('timeout' in contract.query.properties ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {}),
    });
  }
});

/** The event and the error of a log line, with the place that threw it. */
function shortened(line: string): string {
  const { event, err } = JSON.parse(line) as { event: string; err?: { message: string; stack: string } };
  const place = err?.stack.split('\n').find((frame) => frame.includes('/src/'));
  return `${event}: ${err?.message} ${place?.trim() ?? ''}`;
}
