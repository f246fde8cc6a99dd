#include "cli/run.hpp"

namespace understudy {

void add_common_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--set", options.sets, "section.key=value, over the file; repeatable")
      ->allow_extra_args(false);
  command.add_option("--out", options.out,
                     "The run directory; default results/runs/NAME-DATE-TIME");
  command.add_option("--data-dir", options.data_dir, "Where data sets are looked for first");
  command.add_flag("--resume", options.resume, "Go on with an interrupted run");
}

}  // namespace understudy
