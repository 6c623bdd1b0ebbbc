/**
 * What a command of the command line is: words for its help, options for its parser, and where its code lives. The code
 * is imported only when the command runs, so that `ltl help` starts no runtime.
 */

/** Where a command reads and writes: data on stdout, everything else on stderr. */
export interface Io {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What stands for the value in the help: `N`, `DIR`. */
  readonly value?: string;
  readonly about: string;
}

/** Options and operands of one run, checked against the command's own list. */
export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly operands: readonly string[];
}

/** Runs the command; the number is the process's exit status. */
export type Run = (given: Arguments, io: Io) => Promise<number>;

export interface Command {
  readonly summary: string;
  /** Operands as the usage line shows them: `[FILE|-]`. */
  readonly operands: string;
  readonly operandsMax: number;
  readonly options: Readonly<Record<string, Option>>;
  /** Paragraphs below the options. */
  readonly more: string;
  readonly examples: readonly string[];
  readonly load: () => Promise<Run>;
}
