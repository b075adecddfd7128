import Foundation
import Testing

/// Commands as a user types them.
@Suite struct CommandTests {
  @Test func statsGivesTheObjectOfTheManual() throws {
    let result = try Command.run(["stats", "samples/published/resnext29.irlas", "--format", "json"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(Set(object.keys) == ["network", "params", "macs", "nodes", "depth", "layers"])
    #expect(object["params"] as? Int == 34_426_698)
    #expect(object["macs"] as? Int == 5_387_266_048)
    #expect(object["depth"] as? Int == 29)
    let layers = try #require(object["layers"] as? [[String: Any]])
    #expect(layers.count == object["nodes"] as? Int)
    #expect(layers.reduce(0) { $0 + ($1["params"] as? Int ?? 0) } == 34_426_698)
  }

  @Test func everyCommandHasHelpWithAnExample() throws {
    let commands = [
      [], ["check"], ["fmt"], ["next-tokens"], ["stats"], ["show"], ["hash"], ["diff"], ["raise"], ["render"],
      ["doc"],
      ["compile"],
      ["train"],
      ["eval"],
      ["predict"],
      ["data", "synth"], ["data", "describe"],
    ]
    for command in commands {
      let result = try Command.run(command + ["--help"])
      #expect(result.exitCode == 0)
      #expect(result.output.contains("irlas \(command.joined(separator: " "))"))
      #expect(result.output.contains("Example"), "\(command)")
    }
    #expect(try Command.run(["--generate-completion-script", "bash"]).output.contains("irlas"))
  }

  @Test func nextTokensAreListed() throws {
    #expect(try Command.run(["next-tokens", "-"], input: "irlas").output == "INT\n")
    #expect(
      try Command.run(["next-tokens", "-", "--format", "json"], input: "cell A { in x  return x } check")
        .output
        == "{\"complete\":false,\"next\":[{\"class\":\"ID\"}]}\n")
    #expect(try Command.run(["next-tokens", "samples/digits.irlas"]).output.hasSuffix("\"@\"\n(end)\n"))
    let wrong = try Command.run(["next-tokens", "-", "--short"], input: "cell cell")
    #expect(wrong.exitCode == 1)
    #expect(wrong.errors == "standard input:1:6: error[L0020]: no program goes on with `cell` here\n")
  }

  @Test(arguments: ["svg", "dot", "png", "pdf"])
  func picturesAreDeterministic(format: String) throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] {
      let result = try Command.run([
        "render", "samples/published/darts_v2.irlas", "-o", folder.path("\(name).\(format)"),
      ])
      #expect(result.exitCode == 0, "\(result.errors)")
    }
    let bytes = try folder.read("a.\(format)")
    #expect(try bytes == folder.read("b.\(format)"))
    #expect(bytes.count > 1000)
  }

  @Test func thePrintedGraphIsStable() throws {
    let once = try Command.run(["show", "samples/digits.irlas"])
    #expect(once.output.contains("conv"))
    #expect(try Command.run(["show", "samples/digits.irlas", "--ir"]).output == once.output)
    let plan = try Command.run([
      "show", "samples/digits.irlas", "--for", "training", "--batch", "8", "--dump-after", "differentiate",
    ])
    #expect(plan.output.contains("sgd_step"))
  }

  @Test func hashIsTheLastWordOfItsLine() throws {
    let result = try Command.run(["hash", "samples/published/resnet50.irlas"])
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines.map(\.first) == ["program", "topology"])
    #expect(lines.allSatisfy { $0.last?.count == 16 })
    let cell = try Command.run(["hash", "samples/published/resnet50.irlas", "Bottleneck", "--format", "json"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(cell.output.utf8)) as? [String: Any])
    #expect(object["open"] as? [String] == ["out", "x"])
    #expect(object["closed"] as? [String] == ["stride = 1"])
    #expect(try Command.run(["hash", "samples/digits.irlas", "None"]).exitCode == 1)
  }

  @Test func diffExitsLikeDiff() throws {
    let sample = "samples/published/resnet20.irlas"
    let same = try Command.run(["diff", sample, sample])
    #expect(same.exitCode == 0)
    #expect(same.output.hasPrefix("the same program"))
    let other = try Command.run(["diff", sample, sample, "--set-b", "n=5"])
    #expect(other.exitCode == 1)
    #expect(other.output.contains("ResNet20: repeat 3 Basic became repeat 5 Basic"))
    let json = try Command.run(["diff", sample, sample, "--set-b", "classes=7", "--format", "json"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["equal"] as? Bool == false)
    #expect((object["changes"] as? [[String: Any]])?.first?["after"] as? String == "linear(7)")
  }

  @Test func raisedProgramsHaveTheSameHash() throws {
    let folder = try TemporaryFolder()
    let sample = "samples/published/resnet20.irlas"
    let file = folder.path("again.irlas")
    #expect(try Command.run(["raise", sample, "--set", "n=5", "-o", file]).exitCode == 0)
    let hash = try Command.run(["hash", sample, "--set", "n=5"]).output
    #expect(try Command.run(["hash", file]).output == hash)
    // The text form of the graph gives the same program.
    let graph = try folder.write(
      try Command.run(["show", sample, "--set", "n=5"]).output, to: "net.graph")
    #expect(try Data(Command.run(["raise", graph]).output.utf8) == folder.read("again.irlas"))
    let broken = try folder.write("irlas graph 1 \"N\"\n%0 = soup", to: "broken.graph")
    #expect(try Command.run(["raise", broken]).exitCode == 1)
  }

  @Test func compiledKernelsAreReadableC() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(["compile", "samples/digits.irlas", "-o", folder.path("c")])
    #expect(result.exitCode == 0, "\(result.errors)")
    let kernels = String(decoding: try folder.read("c/kernels.c"), as: UTF8.self)
    #expect(kernels.contains("Bottleneck.conv2"), "the generated code names the program's cells")
    #expect(try !folder.read("c/program.c").isEmpty)
  }

  @Test func predictReadsPictures() throws {
    let folder = try TemporaryFolder()
    let run = try Command.run(
      ["train", "samples/digits.irlas", "--out", folder.path("run"), "--epochs", "8", "--quiet"])
    #expect(run.exitCode == 0, "\(run.errors)")
    // Test images 0 to 9 as PGM files; most must be read rightly by a network trained this long.
    let digits = Command.root.appending(path: "samples/data/digits")
    let images = try Data(contentsOf: digits.appending(path: "test-images-idx3-ubyte")).dropFirst(16)
    let labels = try Data(contentsOf: digits.appending(path: "test-labels-idx1-ubyte")).dropFirst(8)
    var paths: [String] = []
    for index in 0..<10 {
      let pixels = images.dropFirst(index * 64).prefix(64)
      let file = folder.url.appending(path: "\(index).pgm")
      try (Data("P5\n8 8\n255\n".utf8) + pixels).write(to: file)
      paths.append(file.path())
    }
    let result = try Command.run(
      [
        "predict", "samples/digits.irlas", "--weights", folder.path("run/checkpoint.safetensors"), "--format",
        "json", "--image",
      ]
        + paths)
    #expect(result.exitCode == 0, "\(result.errors)")
    var right = 0
    for (line, label) in zip(result.output.split(separator: "\n"), labels) {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let classes = object?["classes"] as? [[String: Any]]
      if classes?.first?["class"] as? Int == Int(label) { right += 1 }
    }
    #expect(right >= 8)
    let broken = try folder.write("not a picture", to: "broken.png")
    let refused = try Command.run(
      [
        "predict", "samples/digits.irlas", "--weights", folder.path("run/checkpoint.safetensors"), "--image",
        broken,
      ])
    #expect(refused.exitCode == 1)
    #expect(refused.errors.contains("broken.png"))
  }
}
