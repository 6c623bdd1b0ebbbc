/** Whether functions may be made from source text, which `--disallow-code-generation-from-strings` forbids. */
export function mayGenerateCode(): boolean {
  try {
    return (new Function('return true') as () => boolean)();
  } catch (error) {
    if (error instanceof EvalError) return false;
    throw error;
  }
}
