// What the tests need, and neither node_modules nor the machine's packages have; scripts/setup runs it.
import { helm, kubectl, openApiDocument } from './packaging/kubernetes-tools'
import { podmanWithCni } from './packaging/podman'
import { prometheusPrograms } from './packaging/prometheus'
import { referencePlugins } from './packaging/reference-plugins'

await openApiDocument()
await kubectl()
await helm()
await referencePlugins()
await podmanWithCni()
await prometheusPrograms()
