import ArgumentParser
import IRLASCompiler
import IRLASTraining

extension KernelTier: ExpressibleByArgument {}
extension OutputFormat: ExpressibleByArgument {}
extension MethodUse: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

/// Where kernels come from.
struct KernelOptions: ParsableArguments {
  @Option(
    name: .customLong("kernels"),
    help: ArgumentHelp(
      "automatic, specialised (compiled for this network and CPU) or prebuilt (no C compiler needed).",
      discussion:
        "The C compiler is $IRLAS_CC, else clang, else cc. Compiled kernels are kept in $XDG_CACHE_HOME/irlas "
        + "(~/.cache/irlas)."))
  var tier = KernelTier.automatic

  /// The settings of the compiler's engines.
  func settings(
    threads: Int, _ arithmetic: ArithmeticOptions? = nil, memory: MemorySize? = nil
  ) -> EngineSettings {
    var settings = EngineSettings(tier: tier, toolchain: Self.toolchain(), threads: threads)
    settings.memoryLimit = memory?.bytes
    if let arithmetic {
      settings.methods = arithmetic.methods
      settings.precision = arithmetic.precision
    }
    return settings
  }

  /// The tool chain as the environment describes it.
  static func toolchain() -> ToolchainOptions {
    let cache =
      Environment["XDG_CACHE_HOME"] ?? Environment["HOME"].map { FileBytes.join($0, ".cache") } ?? "/tmp"
    return ToolchainOptions(
      compiler: CompilerSettings(
        named: Environment["IRLAS_CC"],
        searchPath: (Environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(
          String.init)),
      cacheDirectory: FileBytes.join(cache, "irlas"), parallelism: processorCount())
  }

  /// Prints remarks of an engine.
  static func report(_ remarks: [String]) {
    for remark in remarks { StandardError.write("note: \(remark)\n") }
  }
}

/// How convolutions are computed.
struct ArithmeticOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "auto or never: whether dense 3x3 convolutions are computed by Winograd's method where that is faster.",
      discussion: "Results differ by less than 1e-5 of the largest."))
  var winograd = MethodUse.auto

  @Option(
    help: ArgumentHelp(
      "auto or never: whether 1x1 convolutions are computed by Strassen's method where that is faster.",
      discussion: "Results differ by less than 1e-5 of the largest."))
  var strassen = MethodUse.auto

  var methods: Methods { Methods(winograd: winograd, strassen: strassen) }

  @Option(
    help: ArgumentHelp(
      "f32, or bf16: convolutions and linear layers multiply numbers rounded to bfloat16.",
      discussion:
        "Sums, results and parameters stay f32. Faster where the processor has such products (avx512_bf16), "
        + "slower elsewhere."))
  var precision = Precision.float32
}

/// How much memory a program may have.
struct MemoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The most memory for parameters, feature maps and all else that is planned: 2GiB, 512MiB, 800MB or bytes.",
      discussion:
        "Training computes values again instead of keeping them until it fits; results are the same to the bit. "
        + "Data sets, compiled kernels and the program itself are not counted."),
    transform: size)
  var memory: MemorySize?

  @Sendable private static func size(_ text: String) throws -> MemorySize {
    guard let size = MemorySize(text) else {
      throw ValidationError("a size is written 2GiB, 512MiB, 1.5GB or as a number of bytes, and is not 0")
    }
    return size
  }
}

/// Runs `body` and turns what training throws into a command's failure.
func reportingFailures<Result: ~Copyable>(_ body: () throws(TrainingError) -> Result) throws(CommandFailure)
  -> Result
{
  do {
    return try body()
  } catch {
    switch error {
    case .file(let error): throw CommandFailure(error)
    case .engine(let problem): throw .machine(problem)
    case .recipe, .checkpoint, .diverged: throw .input(error.description)
    }
  }
}
