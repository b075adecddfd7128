import IRLASCompiler
import Testing

@Suite struct HostCPUTests {
  @Test func readsAnX86Processor() {
    let cpu = HostCPU(
      cpuinfo: """
        processor\t: 0
        model name\t: Example 9000
        flags\t\t: fma avx2 avx512vl avx512f avx512dq avx512bw

        processor\t: 1
        model name\t: Another
        """)
    #expect(cpu.modelName == "Example 9000")
    #expect(cpu.features == ["avx2", "avx512bw", "avx512dq", "avx512f", "avx512vl", "fma"])
    #expect(cpu.openBLASCore == "SKYLAKEX")
  }

  @Test func readsAnARMProcessor() {
    let cpu = HostCPU(
      cpuinfo: "processor : 0\nFeatures : fp asimd sve\nCPU implementer : 0x41\nCPU part : 0xd40\n")
    #expect(cpu.modelName == "0x41 0xd40")
    #expect(cpu.has("asimd"))
    #expect(cpu.openBLASCore == nil)
  }

  @Test func anOlderProcessorUsesAVX2() {
    #expect(HostCPU(modelName: "x", features: ["avx2", "fma"]).openBLASCore == "HASWELL")
  }

  @Test func surviveMissingText() {
    #expect(HostCPU(cpuinfo: "").features.isEmpty)
    #expect(HostCPU(cpuinfo: "no colon here\n\n:\n").openBLASCore == nil)
  }
}
