import ArgumentParser
import Glibc
import IRLASCompiler
import IRLASDSL
import IRLASGraph
import IRLASLanguageServer
import IRLASTraining

/// `irlas lsp`
struct LSP: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lsp",
    abstract: "The language server: speaks LSP 3.17 with an editor over standard input and output.",
    discussion: """
      Editors start it; editors/ has set-ups for Neovim and Visual Studio Code, docs/editors.md says more.

      Example (Neovim):
        vim.lsp.start_client({ cmd = { "irlas", "lsp" } })
      """)

  @Flag(help: "Accepted for clients that ask for it; there is no other way to speak.")
  var stdio = false

  func run() throws {
    let server = LanguageServer(
      ServerEnvironment(
        version: IRLAS.version, read: LoadedProgram.read, standardLibraryURI: Self.standardLibraryURI))
    var streams = StandardStreams(server)
    let code = streams.run()
    if code != 0 { throw ExitCode(code) }
  }

  /// A copy of the standard library that an editor can show, in the cache folder.
  private static func standardLibraryURI() -> String? {
    let text = Program.standardLibrary
    var hash = StableHash()
    hash.combine(String(decoding: text, as: UTF8.self))
    let folder = KernelOptions.toolchain().cacheDirectory
    let path = FileBytes.join(folder, "std-\(String(hash.value, radix: 16)).irlas")
    guard path.hasPrefix("/") else { return nil }
    if !FileBytes.exists(path) {
      do throws(FileError) {
        try FileBytes.createFolder(folder)
        try AtomicFile.write(text, to: path)
      } catch {
        return nil
      }
    }
    return DocumentURI.uri(path)
  }
}
