/** Text that fits a terminal: broken at spaces, hung behind a label. */

/** Lines of at most `width` characters; a longer word gets a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A label and its text beside it, the text's further lines below its first. */
export function hang(label: string, labelCells: number, text: string, width: number): string {
  const gap = label.length < labelCells ? label.padEnd(labelCells) : `${label}\n${' '.repeat(labelCells)}`;
  return `${gap}${wrap(text, width - labelCells).join(`\n${' '.repeat(labelCells)}`)}`;
}
