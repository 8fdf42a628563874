import type { Clock } from '#platform/clock/index.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Calls `gone` once the process that launched this one has ended. A launcher that is killed cannot pass the signal on, and a
 * server nobody knows of would keep the port and the database.
 */
export function watchLauncher(env: Readonly<Record<string, string | undefined>>, clock: Clock, gone: () => void): void {
  const launcher = Number(env.MYELIN_LAUNCHER_PID);
  if (!Number.isInteger(launcher) || launcher <= 0) return;
  const isChild = process.ppid === launcher;
  const look = (): void => {
    // A parent that ended but that nobody has waited for still has its process id.
    const lives = isChild ? process.ppid === launcher : exists(launcher);
    if (lives) clock.after(LOOK_EVERY_MS, look);
    else gone();
  };
  clock.after(LOOK_EVERY_MS, look);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}
