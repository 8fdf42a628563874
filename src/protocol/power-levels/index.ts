/**
 * Who may do what: the reading of `m.room.power_levels`, its defaults, and the creators of a room, for every room version.
 * Whether an event may change the power levels is an auth rule and stands in `../event-auth`.
 * https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */
export { parseLevel } from './parse-level.ts';
export { CREATOR_POWER, type PowerAction, PowerLevels, readPowerLevels } from './power-levels.ts';
export { roomCreators } from './room-creators.ts';
