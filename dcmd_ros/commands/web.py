"""`web`: a live page of a running inspector for any browser."""

from __future__ import annotations

import argparse

from dcmd_ros.commands.say import say
from dcmd_ros.web.address import DEFAULT, HOST, PORT, Address, address


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('address', nargs='?', type=address, default=Address(HOST, PORT),
                        metavar='HOST:PORT',
                        help=f'where to serve (default {DEFAULT}: this machine only). '
                        '0.0.0.0:8080 lets everybody on the network look; nobody can change '
                        'anything')
    parser.add_argument('--inspector', default='dcmd_inspector', metavar='NAME',
                        help='the node to watch (default dcmd_inspector)')
    parser.add_argument('--parent', type=int, help=argparse.SUPPRESS)
    parser.epilog = ('Ctrl-C ends. The inspector makes pictures only while a browser shows the '
                     'page. Where it has a namespace: --inspector /cell1/dcmd_inspector.')


def run(args: argparse.Namespace) -> None:
    from dcmd_ros.nodes.web_page import serve
    serve(args.address, args.inspector, args.ros_args,
          lambda where: say(f'web page: http://{where}/'), args.parent)
