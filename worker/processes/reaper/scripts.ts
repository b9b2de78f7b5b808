/**
 * A small process between worker and runner (Linux). The kernel gives it whatever a run detaches, even what has begun a
 * session and wiped its environment. It ends all of that when the runner ends, ends the runner when it gets SIGQUIT or
 * its worker is gone, and ends as the runner has ended: by the same signal or with the same code. Node has no prctl, so
 * perl or python3 does it; perl-base is part of the smallest Debian.
 *
 * SIGTERM is none of its business: Slurm, or a machine that shuts down, sends that to every process, and the run is to
 * save itself.
 *
 * Arguments: the number of prctl, the worker's pid, the command. prctl 36: subreaper; 1: signal (SIGQUIT) at the end of
 * the parent. A process that cannot be killed, because it waits for a disk, is left after 10 s.
 */

/** The variable in which a runner finds the pid of its reaper. */
export const reaperMark = "NEXUS_REAPER";

/** Ends the runner, and all that it has started. */
export const reaperSignal = "SIGQUIT";

export const perlReaper = `
my ($prctl, $boss) = splice @ARGV, 0, 2;
$prctl += 0;
my $self = $$;
syscall($prctl, 36, 1, 0, 0, 0) == 0 or die "no subreaper: $!\\n";
my $runner;
$SIG{QUIT} = sub { $runner ? kill 9, $runner : exit 143 };
# A handler, unlike IGNORE, is not handed on to the runner.
$SIG{TERM} = sub { };
$runner = fork;
defined $runner or die "fork: $!\\n";
if ($runner == 0) {
  syscall($prctl, 1, 9, 0, 0, 0);
  exit 1 if getppid != $self;
  $ENV{${reaperMark}} = $self;
  delete $ENV{PERL_BADLANG};
  exec {$ARGV[0]} @ARGV or die "$ARGV[0]: $!\\n";
}
$SIG{INT} = $SIG{HUP} = 'IGNORE';
$0 = 'nexus-reaper';
syscall($prctl, 1, 3, 0, 0, 0);
kill 9, $runner if getppid != $boss;
my $how = 0;
while ((my $gone = wait) > 0) { if ($gone == $runner) { $how = $?; last } }
$SIG{QUIT} = 'IGNORE';
$SIG{ALRM} = sub { last_words() };
alarm 10;
while (1) {
  my $left = '';
  if (open my $file, '<', "/proc/$$/task/$$/children") { $left = <$file> // ''; close $file }
  kill 9, split ' ', $left;
  last if waitpid(-1, 0) < 0;
}
last_words();
sub last_words {
  $SIG{$_} = 'DEFAULT' for qw(QUIT TERM INT HUP ALRM);
  kill $how & 127, $$ if $how & 127;
  exit $how >> 8;
}
`;

export const pythonReaper = `
import ctypes, os, signal, sys
boss, command = int(sys.argv[2]), sys.argv[3:]
prctl = ctypes.CDLL(None).prctl
me = os.getpid()
if prctl(36, 1, 0, 0, 0) != 0: sys.exit("no subreaper")
runner = 0
def kill(pid):
    try: os.kill(pid, 9)
    except ProcessLookupError: pass
signal.signal(signal.SIGQUIT, lambda *_: kill(runner) if runner else os._exit(143))
# A handler, unlike SIG_IGN, is not handed on to the runner.
signal.signal(signal.SIGTERM, lambda *_: None)
runner = os.fork()
if runner == 0:
    prctl(1, 9, 0, 0, 0)
    if os.getppid() != me: os._exit(1)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvpe(command[0], command, {**os.environ, "${reaperMark}": str(me)})
for each in (signal.SIGINT, signal.SIGHUP): signal.signal(each, signal.SIG_IGN)
prctl(15, b"nexus-reaper", 0, 0, 0)
prctl(1, 3, 0, 0, 0)
if os.getppid() != boss: kill(runner)
gone, how = 0, 0
while gone != runner: gone, how = os.wait()
def last_words(*_):
    for each in (signal.SIGQUIT, signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(each, signal.SIG_DFL)
    if os.WIFSIGNALED(how): os.kill(me, os.WTERMSIG(how))
    os._exit(os.waitstatus_to_exitcode(how))
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
signal.signal(signal.SIGALRM, last_words)
signal.alarm(10)
try:
    while True:
        with open("/proc/%d/task/%d/children" % (me, me)) as file:
            for left in file.read().split(): kill(int(left))
        os.waitpid(-1, 0)
except ChildProcessError: pass
last_words()
`;
