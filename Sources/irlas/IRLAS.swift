import ArgumentParser
import Glibc

/// The command line: parses arguments, opens files, prints. It has no logic of its own.
struct IRLAS: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "irlas",
    abstract: "A language and compiler for neural network architectures.",
    discussion: """
      Example:
        irlas check samples/digits.irlas
        irlas train samples/digits.irlas --out run

      Exit codes: 0 fine, 1 the program or its data is wrong, 2 usage, 3 the machine.
      Shell completion: irlas --generate-completion-script bash|zsh|fish
      """,
    version: version,
    subcommands: [
      // One to a line: commands are added independently of each other.
      Check.self,
      Explain.self,
      Stats.self,
      Show.self,
      Hash.self,
      Diff.self,
      Raise.self,
      Features.self,
      NSC.self,
      EvidenceCommand.self,
      Render.self,
      Doc.self,
      Fmt.self,
      NextTokensCommand.self,
      SpaceCommand.self,
      Sample.self,
      TableCommand.self,
      MirrorCommand.self,
      Bench.self,
      Profile.self,
      Tune.self,
      PredictLatency.self,
      Compile.self,
      Train.self,
      Eval.self,
      Predict.self,
      Search.self,
      StudyCommand.self,
      Worker.self,
      DataCommand.self,
      LSP.self,
    ])
}

@main
enum Main {
  static func main() {
    // A reader that goes away (`irlas stats ... | head`) must not look like a crash.
    signal(SIGPIPE, SIG_IGN)
    // A limit on the size of files is an error to report, not a reason to be killed.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try IRLAS.parseAsRoot()
      try command.run()
    } catch let failure as CommandFailure {
      failure.report()
      exit(failure.exitCode)
    } catch {
      let code = IRLAS.exitCode(for: error)
      if code == .validationFailure {
        StandardError.write(IRLAS.fullMessage(for: error) + "\n")
        exit(CommandFailure.usageExitCode)
      }
      IRLAS.exit(withError: error)
    }
  }
}
