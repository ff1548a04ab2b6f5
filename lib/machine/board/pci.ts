/** PCI Express ports, each of which takes one device while the guest runs: pcie.0 itself takes none. */
export const rootPorts = (ids: readonly string[]): string[] =>
  ids.flatMap((id, i) => ['-device', `pcie-root-port,id=${id},chassis=${i + 1},slot=${i + 1}`]);
