import type { Endpoint } from '#api/endpoint.ts';
import type { Answer, ComposedServer } from '../contracts/composed-server.ts';

/** What is asked: `$name` stands for an id, in parameters, the query and the body. */
export interface Question {
  readonly token: string | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly query?: string | undefined;
  readonly body?: unknown;
  readonly ids: Readonly<Record<string, string>>;
}

export function ask(server: ComposedServer, contract: Endpoint, question: Question): Promise<Answer> {
  const { token, params = {}, query, body, ids } = question;
  const named = (text: string): string => text.replace(/\$(\w+)/g, (all, name: string) => ids[name] ?? all);
  const path = contract.path.replace(/\{(\w+)\??\}/g, (_all, name: string) => {
    const value = params[name] ?? ids[name];
    if (value === undefined) throw new Error(`${contract.operationId}: no value for ${name}`);
    return encodeURIComponent(named(value));
  });
  const target =
    query === undefined ? path : `${path}?${query.replace(/\$(\w+)/g, (all) => encodeURIComponent(named(all)))}`;
  const text = body === undefined ? undefined : named(JSON.stringify(body));
  return server.send(contract.method, target, { token, body: text });
}

/** `200`, or `403 M_FORBIDDEN`. */
export const verdictOf = ({ status, json }: Answer): string =>
  typeof json.errcode === 'string' ? `${status} ${json.errcode}` : String(status);
