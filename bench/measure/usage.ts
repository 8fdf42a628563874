import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What processes have used so far, their threads and children included. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

const TICKS_PER_SECOND = 100;

/** Of a process and all that descend from it; what has ended counts for the one that waited for it. */
export function usageOf(roots: readonly number[]): Usage {
  let cpuSeconds = 0;
  let rssBytes = 0;
  let peakRssBytes = 0;
  for (const pid of treeOf(roots)) {
    try {
      const fields = statOf(pid);
      cpuSeconds +=
        (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      rssBytes += kilobytes(status, 'VmRSS');
      peakRssBytes += kilobytes(status, 'VmHWM');
    } catch {
      // It has ended meanwhile.
    }
  }
  return { cpuSeconds, rssBytes, peakRssBytes };
}

/** Lets the peak start anew from what is resident now. */
export function resetPeak(roots: readonly number[]): void {
  for (const pid of treeOf(roots)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Not ours to reset: the peak is then that since the start.
    }
  }
}

/** The process that was started with these words among its arguments, one after the other. */
export function findProcess(...words: readonly string[]): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(words.join('\0'))) {
        const pid = Number(name);
        // The shell that started it names the same words.
        if (!readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('sh')) return pid;
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return undefined;
}

function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function treeOf(roots: readonly number[]): number[] {
  const tree = [...roots];
  for (const pid of tree) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
        if (children !== '') tree.push(...children.split(' ').map(Number));
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return tree;
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
}
