// npm run commands-page: docs/commands.md. A test holds the file against what this makes.
import { writeFileSync } from 'node:fs'
import { commandReference } from './command-reference'

writeFileSync(new URL('../docs/commands.md', import.meta.url), commandReference())
