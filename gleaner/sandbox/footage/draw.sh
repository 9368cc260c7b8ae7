#!/bin/sh
# Draws the scenes anew; needed only to change them. Each is one closed GOP of 4 s: baseline H.264, yuv420p, 5 frames a
# second, no B-frames, no encoder banner (the SEI is filtered out), so that it can be repeated sample by sample.
# Each picture is one frame of a scene, grainy and dark towards its edges, as a small camera sees: baseline JPEG, no banner.
# usage: FFMPEG=/path/to/ffmpeg FONT=/path/to/font.ttf ./draw.sh; with the word `pictures`, only those, from the scenes
set -eu
cd "$(dirname "$0")"

scene() { # number, ground, static boxes; what moves: body colour, size, y; head colour, size, x from the body, y
    text="fontfile=$FONT:fontcolor=white:borderw=2:bordercolor=black"
    "$FFMPEG" -v error -y \
        -f lavfi -i "color=$2:s=640x360:r=5:d=4" -f lavfi -i "color=$4:s=$5:r=5:d=4" -f lavfi -i "color=$7:s=$8:r=5:d=4" \
        -filter_complex "[0]$3[bg];[bg][1]overlay=x='t*170-60':y=$6[a];[a][2]overlay=x='t*170-60+$9':y=${10},
            drawtext=$text:fontsize=20:x=14:y=12:text='SIMULATED FOOTAGE',
            drawtext=$text:fontsize=20:x=w-tw-14:y=12:text='SCENE $1',
            drawtext=$text:fontsize=20:x=14:y=h-32:text='%{eif\:n\:d}':expansion=normal" \
        -c:v libx264 -profile:v baseline -pix_fmt yuv420p -preset veryslow -crf 30 -g 20 -keyint_min 20 -sc_threshold 0 \
        -x264-params open-gop=0 -bsf:v filter_units=remove_types=6 -fflags +bitexact -movflags +faststart "scene$1.mp4"
}

picture() { # number; the grain is seeded, so that the same encoder draws the same bytes
    "$FFMPEG" -v error -y -ss 1.8 -i "scene$1.mp4" -vf "scale=480:270,noise=alls=9:allf=u:all_seed=$1,vignette=PI/5" \
        -frames:v 1 -q:v 5 -flags +bitexact -fflags +bitexact -update 1 "picture$1.jpg"
}

pictures() { for number in 1 2 3 4 5 6; do picture "$number"; done; }

if [ "${1:-}" = pictures ]; then pictures; exit; fi

box() { printf 'drawbox=x=%s:y=%s:w=%s:h=%s:color=%s:t=fill' "$@"; }

scene 1 0xb9a888 "$(box 0 270 640 90 0x6f6a60),$(box 250 90 120 180 0x5b3a1e),$(box 345 180 10 10 0xe0c060)" \
    0x2f5fa8 34x84 216 0xe8c39e 22x24 6 190
scene 2 0x9cc7e8 "$(box 0 200 640 160 0x5d8f45),$(box 0 150 640 12 0x8a6a42),$(box 60 130 14 80 0x8a6a42),$(box 300 130 14 80 0x8a6a42),$(box 540 130 14 80 0x8a6a42)" \
    0x3b2a1a 70x30 260 0x3b2a1a 24x22 58 244
scene 3 0x50545a "$(box 0 0 640 110 0x7f8b96),$(box 90 130 6 110 0xffffff),$(box 250 130 6 110 0xffffff),$(box 410 130 6 110 0xffffff),$(box 560 130 6 110 0xffffff)" \
    0xb03030 110x34 280 0xb03030 60x22 22 260
scene 4 0xd8d4ca "$(box 0 280 640 80 0x8d8a84),$(box 80 110 70 170 0x9fb3a5),$(box 290 110 70 170 0x9fb3a5),$(box 500 110 70 170 0x9fb3a5),$(box 0 50 640 10 0xffffff)" \
    0xf2f2f2 34x84 226 0x5a3d28 22x24 6 200
scene 5 0x3a3f4a "$(box 0 260 640 100 0x6a6458),$(box 40 70 150 190 0x8c6b3f),$(box 240 70 150 190 0x7c5d36),$(box 440 70 150 190 0x8c6b3f)" \
    0xe0a020 90x50 268 0x303030 14x70 70 240
scene 6 0x18202c "$(box 0 250 640 110 0x2a3038),$(box 200 60 12 220 0x707880),$(box 430 60 12 220 0x707880),$(box 200 150 240 10 0xc8c8c8)" \
    0x7fa05a 34x84 226 0xd9b38c 22x24 6 200

pictures
