import Foundation
import Testing

/// `irlas fmt` as a user types it.
@Suite struct FmtTests {
  private let loose = "irlas 1\ncell A { in x\n  return x->bn // norm\n}"
  private let tidy = "irlas 1\n\ncell A {\n  in x\n  return x -> bn  // norm\n}\n"

  @Test func filesAreFormattedInPlaceAndKeepTheirPermissions() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "a.irlas")
    let link = folder.url.appending(path: "link.irlas")
    try Data(loose.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path())
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
    let result = try Command.run(["fmt", link.path()])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.isEmpty && result.errors.isEmpty)
    #expect(try String(contentsOf: file, encoding: .utf8) == tidy)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path())
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path()) == file.path())
  }

  @Test func checkNamesWhatIsNotFormattedAndDiffShowsIt() throws {
    let folder = try TemporaryFolder()
    try Data(loose.utf8).write(to: folder.url.appending(path: "loose.irlas"))
    try Data(tidy.utf8).write(to: folder.url.appending(path: "tidy.irlas"))
    let check = try Command.run(["fmt", "--check", "loose.irlas", "tidy.irlas"], in: folder.url)
    #expect(check.exitCode == 1)
    #expect(check.errors == "loose.irlas is not formatted\n")
    #expect(try Command.run(["fmt", "--check", "tidy.irlas"], in: folder.url).exitCode == 0)
    let diff = try Command.run(["fmt", "--diff", "loose.irlas", "tidy.irlas"], in: folder.url)
    #expect(diff.exitCode == 0)
    #expect(
      diff.output == """
        --- loose.irlas
        +++ loose.irlas
        @@ -1,4 +1,6 @@
         irlas 1
        -cell A { in x
        -  return x->bn // norm
        -}
        \\ No newline at end of file
        +
        +cell A {
        +  in x
        +  return x -> bn  // norm
        +}

        """)
    #expect(try String(contentsOf: folder.url.appending(path: "loose.irlas"), encoding: .utf8) == loose)
  }

  @Test func standardInputGoesToStandardOutput() throws {
    #expect(try Command.run(["fmt", "-"], input: loose).output == tidy)
    let check = try Command.run(["fmt", "--check", "-"], input: loose)
    #expect(check.exitCode == 1)
    #expect(check.errors == "standard input is not formatted\n")
  }

  @Test func textsWithMistakesAreLeftAlone() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "a.irlas")
    try Data("cell A { in x  return (x }".utf8).write(to: file)
    let result = try Command.run(["fmt", file.path()])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("error[L0"))
    #expect(try String(contentsOf: file, encoding: .utf8) == "cell A { in x  return (x }")
  }
}
