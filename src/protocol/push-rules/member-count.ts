const GRAMMAR = /^(==|<=|>=|<|>)?([0-9]{1,15})$/;

/**
 * The parameter of `room_member_count`: a decimal integer after one of `==`, `<`, `>`, `<=`, `>=` or nothing. Answers the
 * test it stands for, or `undefined` if it is malformed.
 */
export function parseMemberCount(is: unknown): ((count: number) => boolean) | undefined {
  const match = typeof is === 'string' ? GRAMMAR.exec(is) : null;
  if (match === null) return undefined;
  const number = Number(match[2]);
  switch (match[1]) {
    case '<':
      return (count) => count < number;
    case '>':
      return (count) => count > number;
    case '<=':
      return (count) => count <= number;
    case '>=':
      return (count) => count >= number;
    default:
      return (count) => count === number;
  }
}
