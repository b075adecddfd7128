import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// Generated kernels for processors other than this one, as far as a compiler alone can tell.
@Suite struct TargetTests {
  struct Target: CustomTestStringConvertible {
    let triple: String
    let flags: [String]
    /// A multiply-add of whole vectors.
    let instruction: String
    var testDescription: String { ([triple] + flags).joined(separator: " ") }
  }

  static let targets = [
    Target(triple: "aarch64-linux-gnu", flags: ["-march=armv8-a"], instruction: "fmla\tv"),
    Target(triple: "x86_64-linux-gnu", flags: ["-mavx2", "-mfma"], instruction: "vfmadd231ps\t"),
    Target(triple: "x86_64-linux-gnu", flags: ["-march=x86-64"], instruction: "mulps\t"),
    Target(
      triple: "x86_64-linux-gnu", flags: ["-march=cooperlake"], instruction: "vdpbf16ps"),
  ]

  /// A whole step of training, in bfloat16 so that its kernels are there too, compiles from the text alone to vector
  /// instructions, and calls nothing but what moves memory.
  @Test(.enabled(if: isClang, "only clang compiles for other targets"), arguments: targets)
  func compiles(target: Target) throws {
    let objective = TrainingObjective(update: .sgd(momentum: 0.9, nesterov: false, decay: 0))
    let plan = try compile(
      SampleNetworks.resNeXt(),
      CompileOptions(mode: .training(objective), batch: 2, precision: .bfloat16))
    let folder = try TemporaryFolder()
    try FileAccess.write(Array(GeneratedCode(plan).kernels.utf8), to: "\(folder.path)/kernels.c")
    let compiler = try CCompiler.find(SharedToolchain.options.compiler)
    let arguments =
      ["--target=\(target.triple)"] + target.flags + [
        "-std=gnu2x", "-O1", "-ffp-contract=on", "-fno-math-errno", "-fno-trapping-math", "-ffreestanding",
        "-w", "-S", "-o", "\(folder.path)/kernels.s", "\(folder.path)/kernels.c",
      ]
    let environment = ["PATH=\(SharedToolchain.searchPath.joined(separator: ":"))"]
    let result = try Subprocess.runAll(
      [Subprocess(compiler.path, arguments, environment: environment)], logs: folder.path)[0]
    try #require(result.status == 0, "\(result.output)")
    let lines = try FileAccess.readText("\(folder.path)/kernels.s").split(separator: "\n")
    #expect(lines.filter { $0.contains(target.instruction) }.count > 100)
    let calls = lines.compactMap { line -> Substring? in
      let words = line.split { $0 == "\t" || $0 == " " }
      return words.count >= 2 && ["bl", "call", "callq"].contains(words[0]) ? words[1] : nil
    }
    #expect(calls.allSatisfy { $0.hasPrefix("mem") }, "\(calls)")
  }

  private static var isClang: Bool {
    (try? CCompiler.find(SharedToolchain.options.compiler))?.version.contains("clang") ?? false
  }
}
