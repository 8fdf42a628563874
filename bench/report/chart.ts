/** Bars as SVG: one for each server, the value beside it. Readable on light and dark pages. */

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly text: string;
}

const WIDTH = 720;
const LABEL_WIDTH = 150;
const VALUE_WIDTH = 120;
const ROW = 26;
const TOP = 34;
/** Beyond this ratio between the longest and the shortest bar, lengths are logarithms. */
const LINEAR_UP_TO = 60;

export function barChart(title: string, bars: readonly Bar[]): string {
  const values = bars.map(({ value }) => value).filter((value) => value > 0);
  const most = Math.max(...values);
  const least = Math.min(...values);
  const isLogarithmic = most / least > LINEAR_UP_TO;
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const lengthOf = (value: number): number => {
    if (value <= 0) return 1;
    if (!isLogarithmic) return Math.max(1, (room * value) / most);
    const floor = Math.log10(least) - 0.5;
    return Math.max(1, (room * (Math.log10(value) - floor)) / (Math.log10(most) - floor));
  };
  const height = TOP + bars.length * ROW + 8;
  const rows = bars.map(({ name, value, text }, index) => {
    const y = TOP + index * ROW;
    const length = lengthOf(value).toFixed(1);
    const colour = name.startsWith('ours') ? '#2f6fde' : name === 'floor' ? '#9a9a9a' : '#c98a2b';
    return (
      `<text x="${LABEL_WIDTH - 8}" y="${y + 16}" text-anchor="end">${escapeXml(name)}</text>` +
      `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${length}" height="${ROW - 8}" rx="2" fill="${colour}"/>` +
      `<text x="${LABEL_WIDTH + Number(length) + 6}" y="${y + 16}">${escapeXml(text)}</text>`
    );
  });
  const scale = isLogarithmic ? ' (logarithmic)' : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<style>text{font:13px system-ui,sans-serif;fill:#333}.t{font-weight:600}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>
<text class="t" x="0" y="18">${escapeXml(title + scale)}</text>
${rows.join('\n')}
</svg>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
