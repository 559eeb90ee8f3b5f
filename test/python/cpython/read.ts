import { readModule } from "../../../src/python/grammar/module.ts"
import { PythonSyntaxError, TooManyTokens } from "../../../src/python/grammar/tokens.ts"
import type { ModuleSyntax } from "../../../src/python/grammar/syntax.ts"

/** What we read, or why not. */
export function read(text: string): { module: ModuleSyntax | null; error: string | null } {
  try {
    return { module: readModule(text.replace(/^\uFEFF/u, "").replaceAll(/\r\n?/gu, "\n")), error: null }
  } catch (error) {
    if (!(error instanceof PythonSyntaxError || error instanceof TooManyTokens)) throw error
    return { module: null, error: error.message }
  }
}
