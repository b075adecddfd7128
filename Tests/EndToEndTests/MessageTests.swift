import Foundation
import Testing

/// `irlas explain`, `irlas check --fix` and colour, as a user types them.
@Suite struct MessageTests {
  @Test func explains() throws {
    let one = try Command.run(["explain", "l0312"])
    #expect(one.exitCode == 0)
    #expect(one.output.hasPrefix("L0312: a number of groups that does not divide the channels (error)\n"))
    #expect(one.output.contains("    error[L0312]: 8 groups cannot split 100 channels\n"))
    #expect(try Command.run(["explain", "312"]).output == one.output)
    let all = try Command.run(["explain"])
    #expect(all.exitCode == 0 && all.output.split(separator: "\n").count > 60)
    let json = try Command.run(["explain", "--format", "json"])
    for line in json.output.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
      #expect(object?["code"]?.hasPrefix("L0") == true && object?["cure"]?.isEmpty == false)
    }
    let wrong = try Command.run(["explain", "L2010"])
    #expect(
      wrong.exitCode == 2 && wrong.errors.hasPrefix("error: no message has the code L2010; did you mean L0"))
  }

  private let broken = """
    irlas 1
    network Net {
      in x: [3, 32, 32]
      return x -> conv(3x3, 8, strid: 2) -> rellu
    }

    """
  private let repaired = """
    irlas 1
    network Net {
      in x: [3, 32, 32]
      return x -> conv(3x3, 8, stride: 2) -> relu
    }

    """

  @Test func fixesInPlace() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(broken, to: "net.irlas")
    let dry = try Command.run(["check", "--fix", "--dry-run", "net.irlas"], in: folder.url)
    #expect(dry.exitCode == 1)
    #expect(dry.output.contains("-  return x -> conv(3x3, 8, strid: 2) -> rellu\n"))
    #expect(dry.output.contains("+  return x -> conv(3x3, 8, stride: 2) -> relu\n"))
    #expect(try String(contentsOf: URL(filePath: file), encoding: .utf8) == broken)
    let fixed = try Command.run(["check", "--fix", "net.irlas"], in: folder.url)
    #expect(fixed.exitCode == 0)
    #expect(fixed.errors.contains("net.irlas:4:28: fixed L0303: write `stride`\n"))
    #expect(fixed.output == "net.irlas: 1 network, 0 checks passed\n")
    #expect(try String(contentsOf: URL(filePath: file), encoding: .utf8) == repaired)
    #expect(try Command.run(["check", "--dry-run", "net.irlas"], in: folder.url).exitCode == 2)
  }

  @Test func numbersOutOfRangeAreUsage() throws {
    for option in ["--train=0", "--test=0", "--side=8", "--train=99999999999"] {
      let result = try Command.run(["data", "synth", "never-made", option])
      #expect(
        result.exitCode == 2 && result.errors.contains(String(option.prefix { $0 != "=" })), "\(option)")
    }
  }

  /// What calls itself a compiler and writes nothing is named.
  @Test func aCompilerThatWritesNothing() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      [
        "train", "samples/digits.irlas", "--out", folder.path("run"), "--epochs", "1", "--kernels",
        "specialised",
      ],
      environment: ["IRLAS_CC": "true", "XDG_CACHE_HOME": folder.path("cache")])
    #expect(result.exitCode != 0)
    #expect(
      result.errors.contains("true ends well but writes no library: it is no C compiler"), "\(result.errors)")
  }

  @Test func colour() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(broken, to: "net.irlas")
    func errors(_ options: [String], _ environment: [String: String] = [:]) throws -> String {
      try Command.run(["check", "net.irlas"] + options, environment: environment, in: folder.url).errors
    }
    #expect(try !errors([]).contains("\u{1B}["))
    #expect(try !errors(["--color", "never"]).contains("\u{1B}["))
    #expect(try errors(["--color", "always"]).contains("\u{1B}[1;31merror[L0303]\u{1B}[0m"))
    #expect(try errors(["--color", "always"], ["NO_COLOR": "1"]).contains("\u{1B}["))
    #expect(try Command.run(["check", "net.irlas", "--color", "red"], in: folder.url).exitCode == 2)
  }
}
