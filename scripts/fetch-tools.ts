// What the tests need from the npm registry and node_modules does not have; scripts/setup runs it.
import { kubectl, openApiDocument } from './packaging/kubernetes-tools'

await openApiDocument()
await kubectl()
