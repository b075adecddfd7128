import Foundation

/// Runs the built `irlas` as a user would.
struct Command {
  struct Result {
    var exitCode: Int32
    var output: String
    var errors: String
  }

  /// The checkout's root: commands run there.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The program stands beside the test bundle.
  static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "irlas")

  /// Kernels compiled by one test serve the others; not the user's own cache.
  static let cache = FileManager.default.temporaryDirectory.appending(path: "irlas-test-cache")

  /// Runs to the end.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], in folder: URL = root, input: String? = nil
  ) throws -> Result {
    let (process, output, errors) = try start(arguments, environment: environment, in: folder, input: input)
    // Both pipes are drained at once, so that neither can fill up and block the program.
    let collected = Collected()
    let reader = Thread {
      collected.errors = errors.fileHandleForReading.readDataToEndOfFile(); collected.done.signal()
    }
    reader.start()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    collected.done.wait()
    process.waitUntilExit()
    return Result(
      exitCode: process.terminationReason == .exit
        ? process.terminationStatus : 128 + process.terminationStatus,
      output: String(decoding: text, as: UTF8.self), errors: String(decoding: collected.errors, as: UTF8.self)
    )
  }

  /// Starts without waiting.
  static func start(
    _ arguments: [String], environment: [String: String] = [:], in folder: URL = root, input: String? = nil
  ) throws -> (process: Process, output: Pipe, errors: Pipe) {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    var variables = ProcessInfo.processInfo.environment
    variables["XDG_CACHE_HOME"] = cache.path()
    for (name, value) in environment { variables[name] = value }
    process.environment = variables
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    if let input {
      // Smaller than a pipe's buffer, so that writing it before the program runs blocks nobody.
      let pipe = Pipe()
      process.standardInput = pipe
      try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try pipe.fileHandleForWriting.close()
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    try process.run()
    return (process, output, errors)
  }

  private final class Collected: @unchecked Sendable {
    let done = DispatchSemaphore(value: 0)
    var errors = Data()
  }
}

/// A folder that is removed with the test.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "irlas-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path() }

  func write(_ text: String, to name: String) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file.path()
  }

  func read(_ name: String) throws -> Data { try Data(contentsOf: url.appending(path: name)) }
}
