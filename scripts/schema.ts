// npm run schema: conf/ip-masq.schema.json, for editors. A test holds the file against what this makes.
import { writeFileSync } from 'node:fs'
import { conflistSchema } from './json-schema'

const file = new URL('../conf/ip-masq.schema.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(conflistSchema(), null, 2)}\n`)
