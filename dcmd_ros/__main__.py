import sys

from dcmd_ros.cli import main

sys.exit(main())
