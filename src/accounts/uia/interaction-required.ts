import { MatrixError } from '#protocol/errors.ts';
import type { JsonObject } from '#protocol/json.ts';

/** The stages that together are proof enough, in order. Any one of the flows will do. */
export type Flow = readonly string[];

/** What a 401 tells of how to go on. https://spec.matrix.org/v1.19/client-server-api/#user-interactive-api-in-the-rest-api */
export interface Interaction {
  readonly session: string;
  readonly flows: readonly Flow[];
  readonly params: JsonObject;
  readonly completed: readonly string[];
}

/** 401: the operation needs further stages; with `failure`, why the one just tried was refused. */
export class InteractionRequired extends MatrixError {
  readonly #failed: boolean;

  constructor({ session, flows, params, completed }: Interaction, failure?: MatrixError) {
    super(failure?.errcode ?? 'M_UNAUTHORIZED', failure?.message ?? 'Further authentication is required', {
      status: 401,
      fields: {
        ...failure?.fields,
        session,
        flows: flows.map((stages) => ({ stages: [...stages] })),
        params,
        completed: [...completed],
      },
    });
    this.#failed = failure !== undefined;
  }

  /** Without an error code where nothing has failed: clients take that for a refusal. */
  override body(): JsonObject {
    return this.#failed ? super.body() : this.fields;
  }
}
