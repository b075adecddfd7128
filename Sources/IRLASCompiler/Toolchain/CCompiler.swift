/// Why specialised kernels cannot be had. The message is for the user.
package enum ToolchainError: Error, Hashable, Sendable {
  /// Neither a named compiler nor `clang` nor `cc` was found in these directories.
  case noCompiler(searched: [String])
  /// The compiler the user named does not exist or cannot be run.
  case namedCompilerMissing(name: String)
  /// The compiler does not even tell its version.
  case compilerBroken(path: String, output: String)
  /// The compiler rejected generated code or crashed.
  case compilationFailed(command: [String], status: Int32, output: String)
  /// The compiler ended well but made no library: it is no C compiler.
  case nothingCompiled(command: [String])
  /// What the compiler made cannot be loaded.
  case loadFailed(path: String, message: String)
  case file(PathError)
}

extension ToolchainError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noCompiler(let searched):
      return "no C compiler: neither clang nor cc is in \(searched.joined(separator: ":"))"
    case .namedCompilerMissing(let name): return "the C compiler \(name) does not exist or cannot be run"
    case .compilerBroken(let path, let output): return "\(path) --version fails: \(output.prefix(400))"
    case .compilationFailed(let command, let status, let output):
      return "\(command.joined(separator: " ")) ended with status \(status):\n\(output.prefix(4000))"
    case .nothingCompiled(let command):
      return "\(command[0]) ends well but writes no library: it is no C compiler; IRLAS_CC names another one"
    case .loadFailed(let path, let message): return "cannot load \(path): \(message)"
    case .file(let error): return "\(error)"
    }
  }
}

/// Which C compiler to use: the command line fills this from the environment, nothing below reads it.
package struct CompilerSettings: Hashable, Sendable {
  /// The compiler the user named (`$IRLAS_CC`): a path, or a name to look for. Nil looks for clang, then cc.
  package var named: String?
  /// The directories of `PATH`.
  package var searchPath: [String]
  /// A directory for files that live as long as one compilation.
  package var temporaryDirectory: String

  package init(
    named: String? = nil, searchPath: [String] = ["/usr/local/bin", "/usr/bin", "/bin"],
    temporaryDirectory: String = "/tmp"
  ) {
    self.named = named
    self.searchPath = searchPath
    self.temporaryDirectory = temporaryDirectory
  }
}

/// A C compiler that was found and answers.
package struct CCompiler: Hashable, Sendable {
  package let path: String
  /// The first line of what `--version` prints.
  package let version: String
  private let settings: CompilerSettings

  /// How generated kernels are compiled. Products and sums contract to fused multiply-adds, which is
  /// deterministic for one compiler and processor; nothing reassociates.
  ///
  /// Clang contracts within expressions only, so that a kernel rounds alike whatever its sizes. GCC before 14 has no such
  /// setting, and contracts what its optimiser brings together.
  private var flags: [String] {
    let contraction = version.contains("clang") ? "on" : "fast"
    return [
      "-std=gnu2x", "-O3", "-march=native", "-ffp-contract=\(contraction)", "-fno-math-errno",
      "-fno-trapping-math", "-fPIC", "-shared", "-w",
    ]
  }

  /// Looks for the compiler and asks for its version.
  package static func find(_ settings: CompilerSettings) throws(ToolchainError) -> CCompiler {
    let path: String
    if let named = settings.named {
      guard let found = locate(named, in: settings.searchPath) else {
        throw .namedCompilerMissing(name: named)
      }
      path = found
    } else {
      guard let found = locate("clang", in: settings.searchPath) ?? locate("cc", in: settings.searchPath)
      else {
        throw .noCompiler(searched: settings.searchPath)
      }
      path = found
    }
    let result: Subprocess.Result
    do {
      let program = Subprocess(path, ["--version"], environment: environment(settings))
      result = try Subprocess.runAll([program], logs: settings.temporaryDirectory)[0]
    } catch {
      throw .file(error)
    }
    guard result.status == 0, let line = result.output.split(separator: "\n").first else {
      throw .compilerBroken(path: path, output: result.output)
    }
    return CCompiler(path: path, version: String(line), settings: settings)
  }

  /// The invocation that turns one C file into a shared object.
  package func compilation(of source: String, into library: String) -> Subprocess {
    Subprocess(
      path, flags + ["-o", library, source, "-lm"], environment: Self.environment(settings))
  }

  /// Where files that live as long as one compilation may be put.
  package var temporaryDirectory: String { settings.temporaryDirectory }

  /// Path, version and flags: what compiled code depends on besides its source and the processor.
  package var identity: String { "\(path) (\(version)) \(flags.joined(separator: " "))" }

  private static func locate(_ name: String, in directories: [String]) -> String? {
    if name.contains("/") { return FileAccess.isExecutable(name) ? name : nil }
    return directories.lazy.map { "\($0)/\(name)" }.first { FileAccess.isExecutable($0) }
  }

  /// A small, fixed environment: diagnostics in English, tools found where the compiler was.
  private static func environment(_ settings: CompilerSettings) -> [String] {
    [
      "PATH=\(settings.searchPath.joined(separator: ":"))", "LC_ALL=C",
      "TMPDIR=\(settings.temporaryDirectory)",
    ]
  }
}
