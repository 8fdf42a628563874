import { badJson } from '#protocol/errors.ts';
import { parseUserId, type UserId } from '#protocol/identifiers/index.ts';

/** User ids, each once. @throws MatrixError 400 `M_BAD_JSON` for what is none. */
export function readCreators(ids: readonly string[]): UserId[] {
  const creators = ids.map((id) => {
    const userId = parseUserId(id);
    if (userId === undefined) throw badJson("'additional_creators' must hold user ids only");
    return userId;
  });
  return [...new Set(creators)];
}
