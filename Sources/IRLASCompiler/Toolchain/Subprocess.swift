import Glibc

/// A program run to its end with an argument array; no shell is involved.
package struct Subprocess: Sendable {
  /// How a program ended and what it wrote.
  package struct Result: Sendable {
    /// The exit status, or 128 plus the signal's number.
    package let status: Int32
    /// Standard output and standard error in the order written.
    package let output: String
  }

  /// A path, not a name to search for.
  package let executable: String
  package let arguments: [String]
  /// `NAME=value` strings: the whole environment of the program.
  package let environment: [String]

  package init(_ executable: String, _ arguments: [String], environment: [String]) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
  }

  /// Starts every program, then waits for all of them; results stand in the order given.
  ///
  /// The output of each goes through a file in the directory `logs`, so that a long message never blocks it.
  package static func runAll(_ programs: [Subprocess], logs: String) throws(PathError) -> [Result] {
    var running: [(process: pid_t, log: String)] = []
    var failure: PathError?
    for program in programs {
      let log = "\(logs)/irlas-log-\(FileAccess.uniqueSuffix())"
      do { running.append((try program.start(log: log), log)) } catch {
        failure = error
        break
      }
    }
    let results = running.map { process, log in wait(for: process, log: log) }
    if let failure { throw failure }
    return results
  }

  private static func wait(for process: pid_t, log: String) -> Result {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let output = (try? FileAccess.readText(log)) ?? ""
    FileAccess.remove(log)
    let signal = status & 0x7f
    return Result(status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: output)
  }

  private func start(log: String) throws(PathError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) }
    argv.append(nil)
    envp.append(nil)
    defer {
      for pointer in argv + envp { free(pointer) }
    }
    // A group of its own: Ctrl-C at the terminal is for the caller, who decides what becomes of the work.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var process: pid_t = 0
    let code = posix_spawn(&process, executable, &actions, &attributes, argv, envp)
    guard code == 0 else { throw PathError(operation: "run", path: executable, code: code) }
    return process
  }
}
