import type { Resolution, StateResolutionRequest } from './sources.ts';

/**
 * Runs a resolution to its end without a pause, for tests and for states of a few events. `answer` brings what is asked for
 * into the sources before it returns.
 */
export function runResolution<T>(
  resolution: Resolution<T>,
  answer: (request: Exclude<StateResolutionRequest, { kind: 'pause' }>) => void,
): T {
  for (;;) {
    const step = resolution.next();
    if (step.done) return step.value;
    if (step.value.kind !== 'pause') answer(step.value);
  }
}
