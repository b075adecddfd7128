import Foundation
import IRLASCompiler
import Testing

/// A directory that is removed when the test ends.
final class TemporaryFolder {
  let path: String

  init() throws { path = try FileAccess.createTemporaryDirectory(in: "/tmp") }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct KernelCacheTests {
  private static let searchPath = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")
    .split(separator: ":").map(String.init)

  private static let compiler = try? CCompiler.find(CompilerSettings(searchPath: searchPath))

  private func cache(_ directory: String, sizeLimit: Int = 1 << 30) throws -> KernelCache {
    let compiler = try #require(Self.compiler, "the tests of generated code need a C compiler")
    return KernelCache(
      directory: directory, compiler: compiler, cpu: .current(), parallelism: 2, sizeLimit: sizeLimit)
  }

  /// A kernel that writes a number.
  private func source(_ name: String, _ value: Int) -> KernelCache.Source {
    KernelCache.Source(
      symbol: "set_\(name)", shared: [.init(order: 0, text: "static float number(int x) { return x; }")],
      text: """
        void set_\(name)(const void *u, float *const *p, float *s, int task) {
          p[0][task] = number(\(value));
        }
        """)
  }

  private func call(_ function: KernelFunction) -> Float {
    var result: Float = 0
    withUnsafeMutablePointer(to: &result) { pointer in
      var operands: [UnsafeMutablePointer<Float>?] = [pointer]
      function(nil, &operands, nil, 0)
    }
    return result
  }

  /// What the functions write; they live as long as their libraries.
  private func values(_ loaded: KernelCache.Loaded) -> [Float] {
    withExtendedLifetime(loaded) { loaded.functions.map(call) }
  }

  @Test func compiledOnceThenFound() throws {
    let folder = try TemporaryFolder()
    let cache = try cache(folder.path + "/kernels")
    let sources = [source("one", 1), source("two", 2), source("three", 3)]
    let first = try cache.load(sources)
    #expect(first.compiled == 3)
    #expect(values(first) == [1, 2, 3])
    let again = try cache.load([sources[2], sources[0], source("four", 4)])
    #expect(again.compiled == 1)
    #expect(values(again) == [3, 1, 4])
    #expect(FileAccess.list(cache.directory).allSatisfy { $0.hasSuffix(".so") || $0.hasSuffix(".kernel") })
  }

  /// The same name with another text is another kernel.
  @Test func contentIsTheKey() throws {
    let folder = try TemporaryFolder()
    let cache = try cache(folder.path)
    #expect(values(try cache.load([source("x", 1)])) == [1])
    #expect(values(try cache.load([source("x", 2)])) == [2])
    #expect(try cache.load([source("x", 1)]).compiled == 0)
  }

  /// Truncated, overwritten and missing files are compiled again and never loaded.
  @Test(arguments: ["truncate", "overwrite", "empty", "remove", "entry"]) func damageIsRepaired(kind: String)
    throws
  {
    let folder = try TemporaryFolder()
    let cache = try cache(folder.path)
    _ = try cache.load([source("x", 7)])
    for name in FileAccess.list(folder.path) {
      let path = "\(folder.path)/\(name)"
      if name.hasSuffix(".kernel") {
        if kind == "entry" { try FileAccess.write(Array("nonsense".utf8), to: path) }
        continue
      }
      var bytes = try FileAccess.read(path)
      switch kind {
      case "truncate": bytes.removeLast(bytes.count / 2)
      case "overwrite": bytes[bytes.count / 2] ^= 0xff
      case "empty": bytes = []
      default: break
      }
      if kind == "remove" { FileAccess.remove(path) } else { try FileAccess.writeAtomically(bytes, to: path) }
    }
    let repaired = try cache.load([source("x", 7)])
    #expect(repaired.compiled == 1)
    #expect(values(repaired) == [7])
    #expect(try cache.load([source("x", 7)]).compiled == 0)
  }

  /// Several writers of one directory: everyone gets right functions, and the directory stays whole.
  @Test func concurrentWriters() async throws {
    let folder = try TemporaryFolder()
    let cache = try cache(folder.path)
    let sources = [source("a", 10), source("b", 11)]
    try await withThrowingTaskGroup(of: [Float].self) { group in
      for _ in 0..<4 { group.addTask { self.values(try cache.load(sources)) } }
      for try await values in group { #expect(values == [10, 11]) }
    }
    #expect(try cache.load(sources).compiled == 0)
  }

  /// A directory that cannot be created: kernels work, nothing is kept.
  @Test func unwritableDirectory() throws {
    let folder = try TemporaryFolder()
    try FileAccess.write([], to: folder.path + "/file")
    let cache = try cache(folder.path + "/file/kernels")
    #expect(values(try cache.load([source("x", 5)])) == [5])
    #expect(try cache.load([source("x", 5)]).compiled == 1)
  }

  @Test func theOldestLibrariesAreRemoved() throws {
    let folder = try TemporaryFolder()
    let cache = try cache(folder.path, sizeLimit: 1)
    let loaded = try cache.load([source("x", 5)])
    #expect(FileAccess.list(folder.path).isEmpty)
    #expect(values(loaded) == [5])
  }

  @Test func codeThatDoesNotCompile() throws {
    let folder = try TemporaryFolder()
    let broken = KernelCache.Source(symbol: "broken", shared: [], text: "void broken( {")
    let error = #expect(throws: ToolchainError.self) { try cache(folder.path).load([broken]) }
    guard case .compilationFailed(_, let status, let output) = error else {
      Issue.record("not a compilation failure: \(String(describing: error))")
      return
    }
    #expect(status != 0)
    #expect(output.contains("error"))
    #expect(FileAccess.list(folder.path).isEmpty)
  }

  @Test func noCompiler() throws {
    #expect(throws: ToolchainError.noCompiler(searched: ["/nonexistent"])) {
      try CCompiler.find(CompilerSettings(searchPath: ["/nonexistent"]))
    }
    #expect(throws: ToolchainError.namedCompilerMissing(name: "/nonexistent/cc")) {
      try CCompiler.find(CompilerSettings(named: "/nonexistent/cc"))
    }
    let error = #expect(throws: ToolchainError.self) {
      try CCompiler.find(CompilerSettings(named: "false", searchPath: Self.searchPath))
    }
    guard case .compilerBroken = error else {
      Issue.record("`false` is no compiler: \(String(describing: error))")
      return
    }
  }

  /// Arguments reach a program as they are: no shell looks at them.
  @Test func noShell() throws {
    let text = "$HOME; echo *  'quoted' \"twice\""
    let folder = try TemporaryFolder()
    let program = Subprocess("/bin/echo", [text], environment: [])
    let result = try Subprocess.runAll([program, program], logs: folder.path)
    #expect(result.map(\.output) == [text + "\n", text + "\n"])
    #expect(result.map(\.status) == [0, 0])
    #expect(FileAccess.list(folder.path).isEmpty)
  }
}
