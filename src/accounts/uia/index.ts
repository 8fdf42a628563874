/**
 * User-interactive authentication: operations that need more proof than an access token. Here are its sessions, the stages
 * that every server has, and the 401 that says how to go on. Stages of one slice only (terms, registration tokens) are
 * added by that slice, and the operations themselves are where they belong.
 */
export { type Flow, InteractionRequired } from './interaction-required.ts';
export { dummyStage, passwordStage, type Stage, type StageContext, type StageOutcome } from './stages.ts';
export { type UiaDeps, UserInteractiveAuth } from './uia.ts';
export type { UiaResult, UiaRun } from './uia-run.ts';
export { type UiaSession, UiaStore } from './uia-store.ts';
